import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import java.security.Signature;
import java.security.cert.Certificate;
import java.security.spec.ECGenParameterSpec;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import javax.crypto.KeyAgreement;

/** What a Java program does with a token: java Client.java CONFIGURATION [PIN]. Prints one line for each thing. */
public final class Client {
    private static final byte[] MESSAGE = "What is signed.".getBytes();
    private final Provider provider;

    private Client(String configuration) {
        provider = Security.getProvider("SunPKCS11").configure(configuration);
        Security.addProvider(provider);
    }

    private static void say(String name, Object value) {
        System.out.println(name + ": " + value);
    }

    private byte[] sign(String algorithm, PrivateKey key, byte[] data) throws Exception {
        Signature signer = Signature.getInstance(algorithm, provider);
        signer.initSign(key);
        signer.update(data);
        return signer.sign();
    }

    private boolean verify(String algorithm, Provider by, java.security.PublicKey key, byte[] data, byte[] signature)
            throws Exception {
        Signature verifier = by == null ? Signature.getInstance(algorithm, "SunEC") : Signature.getInstance(algorithm, by);
        verifier.initVerify(key);
        verifier.update(data);
        return verifier.verify(signature);
    }

    private void keyStore(char[] pin) throws Exception {
        KeyStore store = KeyStore.getInstance("PKCS11", provider);
        store.load(null, pin);
        for (String alias : Collections.list(store.aliases())) {
            if (!store.isKeyEntry(alias)) {
                continue;
            }
            PrivateKey key = (PrivateKey) store.getKey(alias, null);
            Certificate certificate = store.getCertificate(alias);
            byte[] signature = sign("SHA256withECDSA", key, MESSAGE);
            say("key " + alias, key.getAlgorithm() + ", encoded " + Arrays.toString(key.getEncoded()));
            say("signed by " + alias, verify("SHA256withECDSA", null, certificate.getPublicKey(), MESSAGE, signature));
            say("verified by the token", verify("SHA256withECDSA", provider, certificate.getPublicKey(), MESSAGE, signature));
            signature[signature.length - 1] ^= 1;
            say("a changed one", verify("SHA256withECDSA", provider, certificate.getPublicKey(), MESSAGE, signature));
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(MESSAGE);
            signature = sign("NONEwithECDSA", key, digest);
            say("digest signed by " + alias, verify("NONEwithECDSA", null, certificate.getPublicKey(), digest, signature));
        }
    }

    private void sessionKeys() throws Exception {
        KeyPairGenerator generator = KeyPairGenerator.getInstance("EC", provider);
        generator.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair pair = generator.generateKeyPair();
        byte[] signature = sign("SHA384withECDSA", pair.getPrivate(), MESSAGE);
        say("session key signs", verify("SHA384withECDSA", null, pair.getPublic(), MESSAGE, signature));

        KeyPairGenerator others = KeyPairGenerator.getInstance("EC", "SunEC");
        others.initialize(new ECGenParameterSpec("secp256r1"));
        KeyPair other = others.generateKeyPair();
        KeyAgreement ours = KeyAgreement.getInstance("ECDH", provider);
        ours.init(pair.getPrivate());
        ours.doPhase(other.getPublic(), true);
        KeyAgreement theirs = KeyAgreement.getInstance("ECDH", "SunEC");
        theirs.init(other.getPrivate());
        theirs.doPhase(pair.getPublic(), true);
        say("agreement", Arrays.equals(ours.generateSecret(), theirs.generateSecret()));
    }

    private void rest() throws Exception {
        byte[] digest = MessageDigest.getInstance("SHA-256", provider).digest("abc".getBytes());
        say("digest", HexFormat.of().formatHex(digest));
        byte[] random = new byte[32];
        SecureRandom.getInstance("PKCS11", provider).nextBytes(random);
        say("random", !Arrays.equals(random, new byte[32]));
    }

    public static void main(String[] words) throws Exception {
        Client client = new Client(words[0]);
        client.keyStore(words.length > 1 ? words[1].toCharArray() : null);
        client.sessionKeys();
        client.rest();
    }
}
