/* The parts of certificates that OpenSSL made. */
#include "pkcs11/certificate.h"
#include "support/assert_bytes.h"

#include <openssl/evp.h>
#include <openssl/x509.h>

static X509 *make_certificate(gboolean version_3)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_NAME *issuer = X509_get_issuer_name(certificate);

    X509_set_version(certificate, version_3 ? X509_VERSION_3 : X509_VERSION_1);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 0x8123);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)"Alice", -1, -1,
                               0);
    X509_NAME_add_entry_by_txt(issuer, "CN", MBSTRING_ASC, (const unsigned char *)"A CA", -1, -1,
                               0);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    g_assert_cmpint(X509_sign(certificate, key, EVP_sha256()), >, 0);
    EVP_PKEY_free(key);
    return certificate;
}

static void assert_name(SrSlice slice, X509_NAME *name)
{
    unsigned char *der = NULL;
    const int size = i2d_X509_NAME(name, &der);

    sr_assert_bytes(slice.data, slice.size, der, (size_t)size);
    OPENSSL_free(der);
}

static void check_parts(gboolean version_3)
{
    X509 *certificate = make_certificate(version_3);
    unsigned char *der = NULL;
    const int size = i2d_X509(certificate, &der);
    unsigned char digest[20];
    SrCertificate parts;
    uint8_t check[SR_CHECK_VALUE_SIZE];
    unsigned char *info = NULL;
    int info_size;

    g_assert_true(sr_certificate_read((SrSlice){der, (size_t)size}, &parts));
    assert_name(parts.subject, X509_get_subject_name(certificate));
    assert_name(parts.issuer, X509_get_issuer_name(certificate));
    sr_assert_bytes(parts.serial_number.data, parts.serial_number.size, "\x02\x03\x00\x81\x23",
                    (size_t)5);
    info_size = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &info);
    sr_assert_bytes(parts.public_key.data, parts.public_key.size, info, (size_t)info_size);

    sr_certificate_check_value((SrSlice){der, (size_t)size}, check);
    EVP_Digest(der, (size_t)size, digest, NULL, EVP_sha1(), NULL);
    sr_assert_bytes(check, sizeof check, digest, sizeof check);
    OPENSSL_free(info);
    OPENSSL_free(der);
    X509_free(certificate);
}

static void test_parts(void)
{
    check_parts(TRUE);
    check_parts(FALSE);
}

static void test_cut(void)
{
    X509 *certificate = make_certificate(TRUE);
    unsigned char *der = NULL;
    const size_t size = (size_t)i2d_X509(certificate, &der);
    g_autofree guint8 *longer = g_malloc0(size + 1);
    SrCertificate parts;

    for (size_t length = 0; length < size; length++) {
        g_autofree guint8 *part = g_memdup2(der, MAX(length, 1));

        g_assert_false(sr_certificate_read((SrSlice){part, length}, &parts));
    }
    memcpy(longer, der, size);
    g_assert_false(sr_certificate_read((SrSlice){longer, size + 1}, &parts));
    OPENSSL_free(der);
    X509_free(certificate);
}

static void test_check_values(void)
{
    guint8 data[200];
    unsigned char digest[20];
    uint8_t check[SR_CHECK_VALUE_SIZE];

    for (size_t size = 0; size <= sizeof data; size++) {
        for (size_t i = 0; i < size; i++)
            data[i] = (guint8)g_test_rand_int();
        EVP_Digest(data, size, digest, NULL, EVP_sha1(), NULL);
        sr_certificate_check_value((SrSlice){data, size}, check);
        sr_assert_bytes(check, sizeof check, digest, sizeof check);
    }
}

int main(int argc, char *argv[])
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/pkcs11/certificate/parts-as-openssl-reads-them", test_parts);
    g_test_add_func("/pkcs11/certificate/cut-or-longer-is-none", test_cut);
    g_test_add_func("/pkcs11/certificate/check-value-is-sha-1", test_check_values);
    return g_test_run();
}
