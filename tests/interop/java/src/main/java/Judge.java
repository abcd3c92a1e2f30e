import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import org.json.JSONObject;

/**
 * IBM's client, told what to do a line at a time: a JSON object in, a JSON object out.
 *
 * "on" names a connection, "do" what to do with it. An MQException's or JMSException's reason comes back as "reason".
 * "base" connections use the classes for Java, "mqi" ones the same with every option, "jms" ones the classes for JMS.
 */
public final class Judge {
    private final Map<String, Client> clients = new HashMap<>();

    /** What both kinds of connections can do. */
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
            return Problems.describe(problem);
        }
    }

    private static Client connect(JSONObject command) throws Exception {
        switch (command.getString("kind")) {
            case "jms":
                return new JmsClient(command);
            case "mqi":
                return new MqiClient(command);
            default:
                return new BaseClient(command);
        }
    }

    private JSONObject call(JSONObject command) throws Exception {
        String name = command.getString("on");
        String what = command.getString("do");
        if (what.equals("connect")) {
            clients.put(name, connect(command));
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
}
