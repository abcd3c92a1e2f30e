"""Random sequences of MQI calls from several clients: what each is answered, by a model and by real ones."""
