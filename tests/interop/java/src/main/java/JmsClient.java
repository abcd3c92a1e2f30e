import com.ibm.mq.jms.MQConnectionFactory;
import com.ibm.mq.jms.MQQueue;
import com.ibm.msg.client.wmq.WMQConstants;
import java.util.Base64;
import java.util.Enumeration;
import javax.jms.BytesMessage;
import javax.jms.Connection;
import javax.jms.Message;
import javax.jms.MessageConsumer;
import javax.jms.Queue;
import javax.jms.Session;
import javax.jms.TextMessage;
import org.json.JSONArray;
import org.json.JSONObject;

/** A connection of the IBM MQ classes for JMS, with one session. */
final class JmsClient implements Judge.Client {
    private final Connection connection;
    private final Session session;

    JmsClient(JSONObject with) throws Exception {
        MQConnectionFactory factory = new MQConnectionFactory();
        factory.setTransportType(WMQConstants.WMQ_CM_CLIENT);
        factory.setHostName(with.getString("host"));
        factory.setPort(with.getInt("port"));
        factory.setChannel(with.getString("channel"));
        factory.setQueueManager(with.getString("queueManager"));
        if (with.has("cipher")) {
            factory.setSSLCipherSuite(with.getString("cipher"));
            factory.setSSLSocketFactory(Secrecy.factory(with));
        }
        if (with.has("user")) {
            factory.setBooleanProperty(WMQConstants.USER_AUTHENTICATION_MQCSP, true);
            connection = factory.createConnection(with.getString("user"), with.getString("password"));
        } else {
            connection = factory.createConnection();
        }
        boolean transacted = with.optBoolean("transacted");
        session = connection.createSession(transacted, transacted ? Session.SESSION_TRANSACTED : Session.AUTO_ACKNOWLEDGE);
        connection.start();
    }

    @Override
    public JSONObject call(String what, JSONObject with) throws Exception {
        switch (what) {
            case "send":
                return send(with);
            case "receive":
                return receive(with);
            case "browse":
                return browse(with);
            case "commit":
                session.commit();
                return new JSONObject();
            case "rollback":
                session.rollback();
                return new JSONObject();
            case "disconnect":
                connection.close();
                return new JSONObject();
            default:
                throw new IllegalArgumentException(what);
        }
    }

    private Queue queue(JSONObject with) throws Exception {
        return session.createQueue("queue:///" + with.getString("queue"));
    }

    private JSONObject send(JSONObject with) throws Exception {
        Message message;
        if (with.has("text")) {
            message = session.createTextMessage(with.getString("text"));
        } else {
            BytesMessage bytes = session.createBytesMessage();
            bytes.writeBytes(Base64.getDecoder().decode(with.getString("body")));
            message = bytes;
        }
        JSONObject properties = with.optJSONObject("properties", new JSONObject());
        for (String name : properties.keySet()) {
            message.setObjectProperty(name, properties.get(name));
        }
        if (with.has("type")) {
            message.setJMSType(with.getString("type"));
        }
        Queue queue = queue(with);
        if (with.optBoolean("plain")) {
            // No MQRFH2: what a program that knows no JMS wants to read.
            ((MQQueue) queue).setTargetClient(WMQConstants.WMQ_CLIENT_NONJMS_MQ);
        }
        session.createProducer(queue).send(message);
        return new JSONObject().put("messageId", message.getJMSMessageID());
    }

    private JSONObject receive(JSONObject with) throws Exception {
        MessageConsumer consumer = session.createConsumer(queue(with));
        try {
            Message message = consumer.receive(with.optLong("wait", 1000));
            return message == null ? new JSONObject().put("nothing", true) : describe(message);
        } finally {
            consumer.close();
        }
    }

    private JSONObject browse(JSONObject with) throws Exception {
        JSONArray found = new JSONArray();
        for (Enumeration<?> messages = session.createBrowser(queue(with)).getEnumeration(); messages.hasMoreElements();) {
            found.put(describe((Message) messages.nextElement()));
        }
        return new JSONObject().put("messages", found);
    }

    private static JSONObject describe(Message message) throws Exception {
        JSONObject found = new JSONObject()
            .put("messageId", message.getJMSMessageID())
            .put("type", message.getJMSType())
            .put("redelivered", message.getJMSRedelivered())
            .put("deliveries", message.getIntProperty("JMSXDeliveryCount"));
        if (message instanceof TextMessage text) {
            found.put("text", text.getText());
        } else if (message instanceof BytesMessage bytes) {
            byte[] body = new byte[(int) bytes.getBodyLength()];
            bytes.readBytes(body);
            found.put("body", Base64.getEncoder().encodeToString(body));
        }
        JSONObject properties = new JSONObject();
        for (Enumeration<?> names = message.getPropertyNames(); names.hasMoreElements();) {
            String name = (String) names.nextElement();
            if (!name.startsWith("JMS")) {
                properties.put(name, message.getObjectProperty(name));
            }
        }
        return found.put("properties", properties);
    }
}
