import com.ibm.mq.jakarta.jms.MQConnectionFactory;
import com.ibm.msg.client.jakarta.wmq.WMQConstants;
import jakarta.jms.ConnectionFactory;
import jakarta.jms.JMSException;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.json.JSONObject;

/**
 * IBM's client for Jakarta Messaging, told what to do a line at a time: a JSON object in, a JSON object out.
 *
 * "context" clients use JMSContext, "spring" and "camel" ones the containers of those frameworks.
 */
public final class Judge {
    private final Map<String, Client> clients = new HashMap<>();

    /** What all kinds of clients can do. */
    interface Client {
        JSONObject call(String what, JSONObject with) throws Exception;
    }

    public static void main(String[] arguments) throws Exception {
        // IBM's classes print as they please: the answers have a stream of their own.
        PrintStream answers = new PrintStream(System.out, true, StandardCharsets.UTF_8);
        System.setOut(System.err);
        BufferedReader lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        Judge judge = new Judge();
        for (String line = lines.readLine(); line != null; line = lines.readLine()) {
            answers.println(judge.answer(new JSONObject(line)));
        }
        System.exit(0);
    }

    private JSONObject answer(JSONObject command) {
        try {
            return call(command);
        } catch (Exception problem) {
            return describe(problem);
        }
    }

    private JSONObject call(JSONObject command) throws Exception {
        String name = command.getString("on");
        String what = command.getString("do");
        if (what.equals("connect")) {
            clients.put(name, client(command));
            return new JSONObject();
        }
        Client client = clients.get(name);
        if (client == null) {
            throw new IllegalArgumentException("no connection " + name);
        }
        if (what.equals("disconnect")) {
            clients.remove(name);
        }
        return client.call(what, command);
    }

    private static Client client(JSONObject with) throws Exception {
        switch (with.getString("kind")) {
            case "context":
                return new ContextClient(with);
            case "spring":
                return new SpringClient(with);
            default:
                return new CamelClient(with);
        }
    }

    static ConnectionFactory factory(JSONObject with) throws JMSException {
        MQConnectionFactory factory = new MQConnectionFactory();
        factory.setTransportType(WMQConstants.WMQ_CM_CLIENT);
        factory.setHostName(with.getString("host"));
        factory.setPort(with.getInt("port"));
        factory.setChannel(with.getString("channel"));
        factory.setQueueManager(with.getString("queueManager"));
        return factory;
    }

    private static JSONObject describe(Throwable problem) {
        JSONObject found = new JSONObject();
        StringBuilder chain = new StringBuilder();
        for (Throwable each = problem; each != null; each = next(each)) {
            chain.append(each).append('\n');
            if (each instanceof com.ibm.mq.MQException mq && !found.has("reason")) {
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
