import jakarta.jms.ConnectionFactory;
import jakarta.jms.JMSException;
import jakarta.jms.Message;
import jakarta.jms.MessageListener;
import org.json.JSONObject;
import org.springframework.jms.connection.CachingConnectionFactory;
import org.springframework.jms.core.JmsTemplate;
import org.springframework.jms.listener.DefaultMessageListenerContainer;

/** Spring's listener container, transacted, and its template over a pool of connections. */
final class SpringClient implements Judge.Client {
    private final CachingConnectionFactory pool;
    private final JmsTemplate template;
    private final DefaultMessageListenerContainer container = new DefaultMessageListenerContainer();
    private final Heard heard = new Heard();

    SpringClient(JSONObject with) throws Exception {
        ConnectionFactory factory = Judge.factory(with);
        pool = new CachingConnectionFactory(factory);
        template = new JmsTemplate(pool);
        container.setConnectionFactory(factory);
        container.setSessionTransacted(true);
    }

    @Override
    public JSONObject call(String what, JSONObject with) throws Exception {
        switch (what) {
            case "listen":
                return listen(with);
            case "heard":
                return heard.next(with);
            case "send":
                template.convertAndSend(with.getString("queue"), with.getString("text"));
                return new JSONObject();
            case "disconnect":
                container.shutdown();
                pool.destroy();
                return new JSONObject();
            default:
                throw new IllegalArgumentException(what);
        }
    }

    private JSONObject listen(JSONObject with) {
        heard.fail(with.optInt("fail"));
        container.setDestinationName(with.getString("queue"));
        container.setConcurrentConsumers(with.optInt("consumers", 1));
        container.setMessageListener((MessageListener) this::hear);
        container.afterPropertiesSet();
        container.start();
        return new JSONObject();
    }

    private void hear(Message message) {
        try {
            heard.add(message);
        } catch (JMSException problem) {
            throw new IllegalStateException(problem);
        }
    }
}
