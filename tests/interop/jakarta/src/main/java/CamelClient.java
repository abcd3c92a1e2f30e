import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.component.jms.JmsComponent;
import org.apache.camel.component.jms.JmsMessage;
import org.apache.camel.impl.DefaultCamelContext;
import org.json.JSONObject;
import org.springframework.jms.connection.JmsTransactionManager;

/** A Camel route from one MQ queue to another, transacted. */
final class CamelClient implements Judge.Client {
    private final DefaultCamelContext camel = new DefaultCamelContext();
    private final Heard heard = new Heard();

    CamelClient(JSONObject with) throws Exception {
        var factory = new org.springframework.jms.connection.CachingConnectionFactory(Judge.factory(with));
        camel.addComponent("mq", JmsComponent.jmsComponentTransacted(factory, new JmsTransactionManager(factory)));
    }

    @Override
    public JSONObject call(String what, JSONObject with) throws Exception {
        switch (what) {
            case "route":
                return route(with);
            case "heard":
                return heard.next(with);
            case "disconnect":
                camel.stop();
                return new JSONObject();
            default:
                throw new IllegalArgumentException(what);
        }
    }

    private JSONObject route(JSONObject with) throws Exception {
        heard.fail(with.optInt("fail"));
        camel.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("mq:queue:" + with.getString("from"))
                    .process(exchange -> heard.note(exchange.getIn(JmsMessage.class).getJmsMessage()))
                    .to("mq:queue:" + with.getString("to"))
                    .process(exchange -> heard.failIfTold());
            }
        });
        camel.start();
        return new JSONObject();
    }
}
