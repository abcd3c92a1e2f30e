import jakarta.jms.JMSConsumer;
import jakarta.jms.JMSContext;
import jakarta.jms.JMSException;
import jakarta.jms.JMSProducer;
import jakarta.jms.JMSRuntimeException;
import jakarta.jms.Message;
import jakarta.jms.Queue;
import jakarta.jms.TemporaryQueue;
import jakarta.jms.TextMessage;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONObject;

/** A JMSContext, its consumers by what they read, and a listener. */
final class ContextClient implements Judge.Client {
    private final JMSContext context;
    private final Map<String, JMSConsumer> consumers = new HashMap<>();
    private final Heard heard = new Heard();
    private TemporaryQueue replies;
    private Message last;

    ContextClient(JSONObject with) throws Exception {
        context = Judge.factory(with).createContext(with.optInt("mode", JMSContext.AUTO_ACKNOWLEDGE));
    }

    @Override
    public JSONObject call(String what, JSONObject with) throws Exception {
        switch (what) {
            case "send":
                return send(with);
            case "receive":
                last = consumer(with).receive(with.optLong("wait", 1000));
                return Heard.describe(last);
            case "receiveNoWait":
                last = consumer(with).receiveNoWait();
                return Heard.describe(last);
            case "acknowledge":
                last.acknowledge();
                return new JSONObject();
            case "listen":
                heard.fail(with.optInt("fail"));
                consumer(with).setMessageListener(this::hear);
                return new JSONObject();
            case "heard":
                return heard.next(with);
            case "close":
                consumers.remove(key(with)).close();
                return new JSONObject();
            case "browse":
                return browse(with);
            case "request":
                return request(with);
            case "replied":
                return Heard.describe(context.createConsumer(replies).receive(with.optLong("wait", 5000)));
            case "answer":
                return reply(with);
            default:
                return end(what);
        }
    }

    private JSONObject end(String what) {
        switch (what) {
            case "commit":
                context.commit();
                break;
            case "rollback":
                context.rollback();
                break;
            case "recover":
                context.recover();
                break;
            case "disconnect":
                context.close();
                break;
            default:
                throw new IllegalArgumentException(what);
        }
        return new JSONObject();
    }

    private void hear(Message message) {
        try {
            heard.add(message);
        } catch (JMSException problem) {
            throw new JMSRuntimeException(problem.toString());
        }
    }

    private Queue queue(JSONObject with) {
        return context.createQueue("queue:///" + with.getString("queue"));
    }

    private static String key(JSONObject with) {
        return with.getString("queue") + " " + with.optString("selector");
    }

    private JMSConsumer consumer(JSONObject with) {
        return consumers.computeIfAbsent(
            key(with),
            key -> with.has("selector")
                ? context.createConsumer(queue(with), with.getString("selector"))
                : context.createConsumer(queue(with)));
    }

    private JSONObject send(JSONObject with) throws JMSException {
        JMSProducer producer = context.createProducer();
        producer.setPriority(with.optInt("priority", 4)).setTimeToLive(with.optLong("lives", 0));
        producer.setDeliveryMode(with.optBoolean("persistent", true) ? 2 : 1);
        JSONObject properties = with.optJSONObject("properties", new JSONObject());
        for (String name : properties.keySet()) {
            producer.setProperty(name, properties.get(name));
        }
        TextMessage message = context.createTextMessage(with.getString("text"));
        producer.send(queue(with), message);
        return new JSONObject().put("messageId", message.getJMSMessageID());
    }

    private JSONObject browse(JSONObject with) throws JMSException {
        JSONArray found = new JSONArray();
        Enumeration<?> messages = context.createBrowser(queue(with)).getEnumeration();
        while (messages.hasMoreElements()) {
            found.put(Heard.describe((Message) messages.nextElement()));
        }
        return new JSONObject().put("messages", found);
    }

    private JSONObject request(JSONObject with) throws JMSException {
        replies = context.createTemporaryQueue();
        TextMessage message = context.createTextMessage(with.getString("text"));
        context.createProducer().setJMSReplyTo(replies).send(queue(with), message);
        return new JSONObject().put("messageId", message.getJMSMessageID()).put("replyTo", replies.getQueueName());
    }

    private JSONObject reply(JSONObject with) throws JMSException {
        Message asked = consumer(with).receive(with.optLong("wait", 5000));
        TextMessage answer = context.createTextMessage(with.getString("text"));
        boolean passes = with.optBoolean("passesCorrelation");
        answer.setJMSCorrelationID(passes ? asked.getJMSCorrelationID() : asked.getJMSMessageID());
        context.createProducer().send(asked.getJMSReplyTo(), answer);
        return Heard.describe(asked);
    }
}
