import com.ibm.mq.MQGetMessageOptions;
import com.ibm.mq.MQMessage;
import com.ibm.mq.MQPutMessageOptions;
import com.ibm.mq.MQQueue;
import com.ibm.mq.MQQueueManager;
import com.ibm.mq.constants.CMQC;
import com.ibm.mq.constants.MQConstants;
import java.util.Base64;
import java.util.Enumeration;
import java.util.HashMap;
import java.util.Hashtable;
import java.util.Map;
import org.json.JSONArray;
import org.json.JSONObject;

/** A connection of the IBM MQ classes for Java. */
final class BaseClient implements Judge.Client {
    private final MQQueueManager queueManager;
    private final Map<String, MQQueue> queues = new HashMap<>();

    BaseClient(JSONObject with) throws Exception {
        queueManager = connect(with);
    }

    /** Connects as the options say. */
    static MQQueueManager connect(JSONObject with) throws Exception {
        Hashtable<String, Object> options = new Hashtable<>();
        options.put(MQConstants.TRANSPORT_PROPERTY, MQConstants.TRANSPORT_MQSERIES_CLIENT);
        options.put(MQConstants.HOST_NAME_PROPERTY, with.getString("host"));
        options.put(MQConstants.PORT_PROPERTY, with.getInt("port"));
        options.put(MQConstants.CHANNEL_PROPERTY, with.getString("channel"));
        if (with.has("user")) {
            options.put(MQConstants.USE_MQCSP_AUTHENTICATION_PROPERTY, true);
            options.put(MQConstants.USER_ID_PROPERTY, with.getString("user"));
            options.put(MQConstants.PASSWORD_PROPERTY, with.getString("password"));
        }
        if (with.has("cipher")) {
            options.put(MQConstants.SSL_CIPHER_SUITE_PROPERTY, with.getString("cipher"));
            options.put(MQConstants.SSL_SOCKET_FACTORY_PROPERTY, Secrecy.factory(with));
        }
        return new MQQueueManager(with.getString("queueManager"), options);
    }

    @Override
    public JSONObject call(String what, JSONObject with) throws Exception {
        switch (what) {
            case "put":
                return put(with);
            case "get":
                return get(with);
            case "browse":
                return browse(with);
            case "depth":
                return new JSONObject().put("depth", queue(with).getCurrentDepth());
            case "commit":
                queueManager.commit();
                return new JSONObject();
            case "backout":
                queueManager.backout();
                return new JSONObject();
            case "pcf":
                return Administrator.ask(queueManager, with);
            case "disconnect":
                queueManager.disconnect();
                return new JSONObject();
            default:
                throw new IllegalArgumentException(what);
        }
    }

    private MQQueue queue(JSONObject with) throws Exception {
        String name = with.getString("queue");
        MQQueue queue = queues.get(name);
        if (queue == null) {
            int options = CMQC.MQOO_INPUT_SHARED | CMQC.MQOO_OUTPUT | CMQC.MQOO_BROWSE | CMQC.MQOO_INQUIRE;
            queue = queueManager.accessQueue(name, options | CMQC.MQOO_FAIL_IF_QUIESCING);
            queues.put(name, queue);
        }
        return queue;
    }

    private JSONObject put(JSONObject with) throws Exception {
        MQMessage message = new MQMessage();
        message.format = with.optString("format", CMQC.MQFMT_NONE);
        message.characterSet = with.optInt("ccsid", 1208);
        JSONObject properties = with.optJSONObject("properties", new JSONObject());
        for (String name : properties.keySet()) {
            message.setObjectProperty(name, properties.get(name));
        }
        message.write(Base64.getDecoder().decode(with.getString("body")));
        MQPutMessageOptions options = new MQPutMessageOptions();
        options.options = with.optBoolean("syncpoint") ? CMQC.MQPMO_SYNCPOINT : CMQC.MQPMO_NO_SYNCPOINT;
        queue(with).put(message, options);
        return new JSONObject().put("messageId", hex(message.messageId));
    }

    private JSONObject get(JSONObject with) throws Exception {
        MQMessage message = new MQMessage();
        MQGetMessageOptions options = new MQGetMessageOptions();
        options.options = CMQC.MQGMO_FAIL_IF_QUIESCING | CMQC.MQGMO_PROPERTIES_IN_HANDLE;
        options.options |= with.optBoolean("syncpoint") ? CMQC.MQGMO_SYNCPOINT : CMQC.MQGMO_NO_SYNCPOINT;
        if (with.has("wait")) {
            options.options |= CMQC.MQGMO_WAIT;
            options.waitInterval = with.getInt("wait");
        }
        queue(with).get(message, options);
        return describe(message);
    }

    private JSONObject browse(JSONObject with) throws Exception {
        MQGetMessageOptions options = new MQGetMessageOptions();
        options.options = CMQC.MQGMO_BROWSE_FIRST;
        JSONArray found = new JSONArray();
        try {
            while (true) {
                MQMessage message = new MQMessage();
                queue(with).get(message, options);
                found.put(describe(message));
                options.options = CMQC.MQGMO_BROWSE_NEXT;
            }
        } catch (com.ibm.mq.MQException end) {
            if (end.reasonCode != CMQC.MQRC_NO_MSG_AVAILABLE) {
                throw end;
            }
        }
        return new JSONObject().put("messages", found);
    }

    private static JSONObject describe(MQMessage message) throws Exception {
        byte[] body = new byte[message.getDataLength()];
        message.readFully(body);
        JSONObject properties = new JSONObject();
        for (Enumeration<String> names = message.getPropertyNames("%"); names.hasMoreElements();) {
            String name = names.nextElement();
            properties.put(name, message.getObjectProperty(name));
        }
        return new JSONObject()
            .put("body", Base64.getEncoder().encodeToString(body))
            .put("format", message.format.trim())
            .put("ccsid", message.characterSet)
            .put("messageId", hex(message.messageId))
            .put("correlationId", hex(message.correlationId))
            .put("backoutCount", message.backoutCount)
            .put("properties", properties);
    }

    private static String hex(byte[] id) {
        return java.util.HexFormat.of().formatHex(id);
    }
}
