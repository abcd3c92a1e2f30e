import com.ibm.mq.MQQueueManager;
import com.ibm.mq.headers.pcf.PCFException;
import com.ibm.mq.headers.pcf.PCFMessage;
import com.ibm.mq.headers.pcf.PCFMessageAgent;
import com.ibm.mq.headers.pcf.PCFParameter;
import java.util.Enumeration;
import org.json.JSONArray;
import org.json.JSONObject;

/** A PCF command by IBM's own agent: its parameters in order, its answers by parameter. */
final class Administrator {
    private Administrator() {}

    static JSONObject ask(MQQueueManager queueManager, JSONObject with) throws Exception {
        PCFMessageAgent agent = new PCFMessageAgent(queueManager);
        PCFMessage command = new PCFMessage(with.getInt("command"));
        for (Object each : with.optJSONArray("parameters", new JSONArray())) {
            add(command, (JSONArray) each);
        }
        JSONArray found = new JSONArray();
        try {
            for (PCFMessage answer : agent.send(command)) {
                found.put(described(answer));
            }
        } catch (PCFException refusal) {
            return new JSONObject().put("refused", refusal.getReason());
        } finally {
            agent.disconnect();
        }
        return new JSONObject().put("answers", found);
    }

    private static void add(PCFMessage command, JSONArray parameter) {
        int id = parameter.getInt(0);
        Object value = parameter.get(1);
        if (value instanceof JSONArray numbers) {
            command.addParameter(id, numbers.toList().stream().mapToInt(each -> (int) each).toArray());
        } else if (value instanceof Integer number) {
            command.addParameter(id, number);
        } else {
            command.addParameter(id, (String) value);
        }
    }

    private static JSONObject described(PCFMessage answer) {
        JSONObject found = new JSONObject();
        for (Enumeration<?> each = answer.getParameters(); each.hasMoreElements();) {
            PCFParameter parameter = (PCFParameter) each.nextElement();
            Object value = parameter.getValue();
            found.put(String.valueOf(parameter.getParameter()), value instanceof String text ? text.trim() : value);
        }
        return found;
    }
}
