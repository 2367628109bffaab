// A device of Eclipse Leshan. It says on standard output what happens to it, a line each, and ends with its standard input.
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.eclipse.leshan.client.LeshanClient;
import org.eclipse.leshan.client.LeshanClientBuilder;
import org.eclipse.leshan.client.californium.endpoint.CaliforniumClientEndpointsProvider;
import org.eclipse.leshan.client.californium.endpoint.coaps.CoapsClientProtocolProvider;
import org.eclipse.leshan.client.object.Security;
import org.eclipse.leshan.client.object.Server;
import org.eclipse.leshan.client.observer.LwM2mClientObserverAdapter;
import org.eclipse.leshan.client.resource.BaseInstanceEnabler;
import org.eclipse.leshan.client.resource.ObjectsInitializer;
import org.eclipse.leshan.client.servers.LwM2mServer;
import org.eclipse.leshan.core.LwM2mId;
import org.eclipse.leshan.core.ResponseCode;
import org.eclipse.leshan.core.model.ObjectModel;
import org.eclipse.leshan.core.model.ResourceModel;
import org.eclipse.leshan.core.node.LwM2mResource;
import org.eclipse.leshan.core.request.BootstrapRequest;
import org.eclipse.leshan.core.request.RegisterRequest;
import org.eclipse.leshan.core.request.argument.Arguments;
import org.eclipse.leshan.core.response.ExecuteResponse;
import org.eclipse.leshan.core.response.ReadResponse;
import org.eclipse.leshan.core.response.WriteResponse;

public class LeshanPeer {
    static void say(String what) {
        System.out.println(what);
        System.out.flush();
    }

    /** Object 3, with a battery that a line of input sets. */
    public static class Device extends BaseInstanceEnabler {
        final AtomicLong battery = new AtomicLong(80);
        String zone = "Europe/Vaduz";

        @Override
        public ReadResponse read(LwM2mServer server, int resource) {
            switch (resource) {
            case 0:
                return ReadResponse.success(resource, "Leshan");
            case 9:
                return ReadResponse.success(resource, battery.get());
            case 11:
                return ReadResponse.success(resource, Map.of(0, 0L), ResourceModel.Type.INTEGER);
            case 15:
                return ReadResponse.success(resource, zone);
            case 16:
                return ReadResponse.success(resource, "U");
            default:
                return ReadResponse.notFound();
            }
        }

        @Override
        public WriteResponse write(LwM2mServer server, boolean replace, int resource, LwM2mResource value) {
            if (resource != 15) return WriteResponse.notFound();
            zone = (String) value.getValue();
            say("zone " + zone);
            return WriteResponse.success();
        }

        @Override
        public ExecuteResponse execute(LwM2mServer server, int resource, Arguments arguments) {
            say("executed " + resource);
            return ExecuteResponse.success();
        }

        @Override
        public List<Integer> getAvailableResourceIds(ObjectModel model) {
            return Arrays.asList(0, 4, 9, 11, 15, 16);
        }
    }

    /** bootstrap-URI endpoint psk IDENTITY HEX | bootstrap-URI endpoint x509 CERTIFICATE KEY SERVER (DER files) */
    public static void main(String[] args) throws Exception {
        Security security = args[2].equals("psk")
            ? Security.pskBootstrap(args[0], args[3].getBytes(), HexFormat.of().parseHex(args[4]))
            : Security.x509Bootstrap(args[0], Files.readAllBytes(Path.of(args[3])), Files.readAllBytes(Path.of(args[4])),
                Files.readAllBytes(Path.of(args[5])));
        Device device = new Device();
        ObjectsInitializer objects = new ObjectsInitializer();
        objects.setInstancesForObject(LwM2mId.SECURITY, security);
        objects.setClassForObject(LwM2mId.SERVER, Server.class);
        objects.setInstancesForObject(LwM2mId.DEVICE, device);
        LeshanClientBuilder builder = new LeshanClientBuilder(args[1]);
        builder.setObjects(objects.createAll());
        builder.setEndpointsProviders(
            new CaliforniumClientEndpointsProvider.Builder(new CoapsClientProtocolProvider()).build());
        LeshanClient client = builder.build();
        client.addObserver(new LwM2mClientObserverAdapter() {
            @Override
            public void onBootstrapSuccess(LwM2mServer server, BootstrapRequest request) {
                say("bootstrapped");
            }

            @Override
            public void onBootstrapFailure(LwM2mServer server, BootstrapRequest request, ResponseCode code, String message,
                Exception cause) {
                say("not bootstrapped: " + code + " " + message + " " + cause);
            }

            @Override
            public void onBootstrapTimeout(LwM2mServer server, BootstrapRequest request) {
                say("not bootstrapped: timeout");
            }

            @Override
            public void onRegistrationSuccess(LwM2mServer server, RegisterRequest request, String id) {
                say("registered at " + server.getUri());
            }

            @Override
            public void onRegistrationFailure(LwM2mServer server, RegisterRequest request, ResponseCode code, String message,
                Exception cause) {
                say("not registered: " + code + " " + message + " " + cause);
            }
        });
        client.start();
        for (int next = System.in.read(); next >= 0; next = System.in.read()) {
            if (next != '\n') continue;
            device.battery.decrementAndGet();
            device.fireResourceChange(9);
        }
        client.destroy(true);
        System.exit(0);
    }
}
