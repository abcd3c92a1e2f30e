import com.ibm.mq.MQException;
import com.ibm.mq.MQGetMessageOptions;
import com.ibm.mq.MQMessage;
import com.ibm.mq.MQPutMessageOptions;
import com.ibm.mq.MQQueue;
import com.ibm.mq.MQQueueManager;
import com.ibm.mq.constants.CMQC;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import org.json.JSONObject;

/**
 * The MQI, call by call, by the IBM MQ classes for Java: every option and every field as the test says.
 *
 * What is refused comes back as "reason" and "completion", and is no problem.
 */
final class MqiClient implements Judge.Client {
    private final JSONObject with;
    private MQQueueManager queueManager;
    private final Map<String, MQQueue> slots = new HashMap<>();

    MqiClient(JSONObject with) throws Exception {
        this.with = with;
        queueManager = BaseClient.connect(with);
    }

    @Override
    public JSONObject call(String what, JSONObject step) throws Exception {
        try {
            JSONObject answer = done(what, step);
            return answer.has("reason") ? answer : answer.put("reason", 0);
        } catch (MQException refusal) {
            return new JSONObject().put("reason", refusal.reasonCode).put("completion", refusal.completionCode);
        }
    }

    private JSONObject done(String what, JSONObject step) throws Exception {
        JSONObject nothing = new JSONObject();
        switch (what) {
            case "commit":
                queueManager.commit();
                return nothing;
            case "backout":
                queueManager.backout();
                return nothing;
            case "disconnect":
                queueManager.disconnect();
                return nothing;
            case "reconnect":
                queueManager.disconnect();
                slots.clear();
                queueManager = BaseClient.connect(with);
                return nothing;
            case "put1":
                MQMessage one = message(step);
                queueManager.put(step.getString("queue"), one, putOptions(step));
                return described(one);
            case "open":
                return open(step);
            default:
                return onSlot(what, step, slots.get(step.optString("slot", "0")));
        }
    }

    private JSONObject open(JSONObject step) throws Exception {
        MQQueue queue = queueManager.accessQueue(
            step.getString("queue"), step.getInt("options"), null, step.optString("dynamic", null), null);
        slots.put(step.optString("slot", "0"), queue);
        return new JSONObject().put("name", queue.getName().trim());
    }

    private JSONObject onSlot(String what, JSONObject step, MQQueue queue) throws Exception {
        JSONObject nothing = new JSONObject();
        switch (what) {
            case "close":
                queue.setCloseOptions(step.optInt("options", 0));
                slots.remove(step.optString("slot", "0"));
                queue.close();
                return nothing;
            case "put":
                MQMessage message = message(step);
                queue.put(message, putOptions(step));
                return described(message);
            case "get":
                return get(queue, step);
            case "depth":
                return nothing.put("depth", queue.getCurrentDepth());
            case "inhibit":
                if (step.getString("which").equals("get")) {
                    queue.setInhibitGet(step.getInt("value"));
                } else {
                    queue.setInhibitPut(step.getInt("value"));
                }
                return nothing;
            case "inquire":
                int[] numbers = new int[1];
                queue.inquire(new int[] {step.getInt("selector")}, numbers, new byte[0]);
                return nothing.put("value", numbers[0]);
            default:
                throw new IllegalArgumentException(what);
        }
    }

    private static JSONObject get(MQQueue queue, JSONObject step) throws Exception {
        MQMessage message = message(step);
        MQGetMessageOptions options = new MQGetMessageOptions();
        options.options = step.optInt("options", 0);
        options.matchOptions = step.optInt("match", 3);
        options.waitInterval = step.optInt("wait", 0);
        try {
            queue.get(message, options, step.optInt("room", 100_000));
        } catch (MQException warning) {
            if (warning.completionCode != CMQC.MQCC_WARNING || warning.reasonCode == CMQC.MQRC_TRUNCATED_MSG_FAILED) {
                throw warning;
            }
            // What is behind the part that came is left from an earlier message: IBM's class does not cut it.
            int length = 2 * Math.min(message.getDataLength(), step.optInt("room", 100_000));
            JSONObject found = described(message).put("reason", warning.reasonCode);
            return found.put("body", found.getString("body").substring(0, length));
        }
        return described(message).put("groupStatus", String.valueOf(options.groupStatus));
    }

    private static MQMessage message(JSONObject step) throws Exception {
        MQMessage message = new MQMessage();
        message.setVersion(CMQC.MQMD_VERSION_2);
        message.format = step.optString("format", CMQC.MQFMT_NONE);
        message.characterSet = step.optInt("ccsid", 1208);
        message.encoding = step.optInt("encoding", 273);
        message.priority = step.optInt("priority", CMQC.MQPRI_PRIORITY_AS_Q_DEF);
        message.persistence = step.optInt("persistence", CMQC.MQPER_PERSISTENCE_AS_Q_DEF);
        message.expiry = step.optInt("expiry", CMQC.MQEI_UNLIMITED);
        message.report = step.optInt("report", 0);
        message.messageType = step.optInt("type", CMQC.MQMT_DATAGRAM);
        message.replyToQueueName = step.optString("replyTo", "");
        message.messageFlags = step.optInt("flags", 0);
        message.messageSequenceNumber = step.optInt("sequence", 1);
        message.messageId = id(step, "messageId");
        message.correlationId = id(step, "correlationId");
        message.groupId = id(step, "groupId");
        if (step.has("body")) {
            message.write(HexFormat.of().parseHex(step.getString("body")));
        }
        return message;
    }

    private static byte[] id(JSONObject step, String name) {
        return HexFormat.of().parseHex(step.optString(name, "00".repeat(24)));
    }

    private static MQPutMessageOptions putOptions(JSONObject step) {
        MQPutMessageOptions options = new MQPutMessageOptions();
        options.options = step.optInt("options", CMQC.MQPMO_NO_SYNCPOINT);
        return options;
    }

    private static JSONObject described(MQMessage message) throws Exception {
        message.seek(0);
        byte[] body = new byte[message.getDataLength()];
        message.readFully(body);
        return new JSONObject()
            .put("body", HexFormat.of().formatHex(body))
            .put("format", message.format.trim())
            .put("ccsid", message.characterSet)
            .put("encoding", message.encoding)
            .put("priority", message.priority)
            .put("persistence", message.persistence)
            .put("backouts", message.backoutCount)
            .put("feedback", message.feedback)
            .put("type", message.messageType)
            .put("replyTo", message.replyToQueueName.trim())
            .put("sequence", message.messageSequenceNumber)
            .put("flags", message.messageFlags)
            .put("messageId", HexFormat.of().formatHex(message.messageId))
            .put("correlationId", HexFormat.of().formatHex(message.correlationId))
            .put("groupId", HexFormat.of().formatHex(message.groupId));
    }
}
