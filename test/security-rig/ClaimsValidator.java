import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.security.auth.callback.Callback;
import javax.security.auth.callback.UnsupportedCallbackException;
import javax.security.auth.login.AppConfigurationEntry;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerExtensionsValidatorCallback;
import org.apache.kafka.common.security.oauthbearer.OAuthBearerValidatorCallbackHandler;

/**
 * TEST RIG ONLY. Kafka's own validator of JWTs (signature by JWKS, issuer, audience, life), which also demands the SASL
 * extensions of its JAAS options extension_NAME="value", as Confluent Cloud demands logicalCluster and identityPoolId.
 * Kafka's own accepts any extension, and none.
 */
public final class ClaimsValidator extends OAuthBearerValidatorCallbackHandler {
    private final Map<String, String> required = new TreeMap<>();

    @Override
    public void configure(Map<String, ?> configs, String mechanism, List<AppConfigurationEntry> jaas) {
        // Kafka reads keys only from addresses that a system property allows.
        String url = String.valueOf(configs.get("oauthbearer.sasl.oauthbearer.jwks.endpoint.url"));
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.urls", url);
        System.setProperty("org.apache.kafka.sasl.oauthbearer.allowed.files", url.replaceFirst("^file:(//)?", ""));
        jaas.get(0).getOptions().forEach((name, value) -> {
            if (name.startsWith("extension_")) required.put(name.substring("extension_".length()), String.valueOf(value));
        });
        super.configure(configs, mechanism, jaas);
    }

    @Override
    public void handle(Callback[] callbacks) throws IOException, UnsupportedCallbackException {
        for (Callback callback : callbacks) {
            if (callback instanceof OAuthBearerExtensionsValidatorCallback extensions) check(extensions);
            else super.handle(new Callback[] {callback});
        }
    }

    private void check(OAuthBearerExtensionsValidatorCallback extensions) {
        Map<String, String> given = extensions.inputExtensions().map();
        required.forEach((name, value) -> {
            if (!given.containsKey(name)) extensions.error(name, "missing");
            else if (value.equals(given.get(name))) extensions.valid(name);
            else extensions.error(name, "unknown");
        });
    }
}
