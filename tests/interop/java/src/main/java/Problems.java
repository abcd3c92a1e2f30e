import com.ibm.mq.MQException;
import javax.jms.JMSException;
import org.json.JSONObject;

/** What went wrong, for the tests: MQ's reason where there is one, and the chain of causes. */
final class Problems {
    private Problems() {}

    static JSONObject describe(Throwable problem) {
        JSONObject found = new JSONObject();
        StringBuilder chain = new StringBuilder();
        for (Throwable each = problem; each != null; each = next(each)) {
            chain.append(each).append('\n');
            if (each instanceof MQException mq && !found.has("reason")) {
                found.put("reason", mq.reasonCode);
            }
        }
        return found.put("problem", chain.toString());
    }

    private static Throwable next(Throwable problem) {
        if (problem instanceof JMSException jms && jms.getLinkedException() != null) {
            return jms.getLinkedException();
        }
        return problem.getCause();
    }
}
