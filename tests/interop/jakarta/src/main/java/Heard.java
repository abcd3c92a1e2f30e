import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.TextMessage;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.json.JSONObject;

/** What a listener was given. It fails as often as it was told to, after it has taken note. */
final class Heard {
    private final LinkedBlockingQueue<JSONObject> messages = new LinkedBlockingQueue<>();
    private final AtomicInteger failures = new AtomicInteger();

    void fail(int times) {
        failures.set(times);
    }

    void add(Message message) throws JMSException {
        note(message);
        failIfTold();
    }

    void note(Message message) throws JMSException {
        messages.add(describe(message));
    }

    void failIfTold() {
        if (failures.getAndUpdate(left -> Math.max(0, left - 1)) > 0) {
            throw new IllegalStateException("told to fail");
        }
    }

    JSONObject next(JSONObject with) throws InterruptedException {
        JSONObject found = messages.poll(with.optLong("wait", 5000), TimeUnit.MILLISECONDS);
        return found == null ? new JSONObject().put("nothing", true) : found;
    }

    static JSONObject describe(Message message) throws JMSException {
        if (message == null) {
            return new JSONObject().put("nothing", true);
        }
        return new JSONObject()
            .put("messageId", message.getJMSMessageID())
            .put("correlationId", message.getJMSCorrelationID())
            .put("priority", message.getJMSPriority())
            .put("redelivered", message.getJMSRedelivered())
            .put("deliveries", message.getIntProperty("JMSXDeliveryCount"))
            .put("text", message instanceof TextMessage text ? text.getText() : JSONObject.NULL);
    }
}
