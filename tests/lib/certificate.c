#include "tests/lib/certificate.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static void write_pair(const struct certificate *c, X509 *cert, EVP_PKEY *key)
{
	FILE *f = fopen(c->certificate, "w");

	PEM_write_X509(f, cert);
	fclose(f);
	f = fopen(c->key, "w");
	chmod(c->key, 0600);
	PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
	fclose(f);
}

void certificate_make(struct certificate *c, const char *names)
{
	certificate_make_until(c, names, 3600);
}

void certificate_make_until(struct certificate *c, const char *names, long seconds)
{
	static int count;
	EVP_PKEY *key = EVP_EC_gen("P-256");
	X509 *cert = X509_new();
	X509_EXTENSION *names_of = X509V3_EXT_conf_nid(
		NULL, NULL, NID_subject_alt_name, names);

	X509_set_version(cert, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
	X509_gmtime_adj(X509_getm_notBefore(cert), -3600);
	X509_gmtime_adj(X509_getm_notAfter(cert), seconds);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(cert), "CN", MBSTRING_ASC,
		(const unsigned char *)"castor test", -1, -1, 0);
	X509_set_issuer_name(cert, X509_get_subject_name(cert));
	X509_set_pubkey(cert, key);
	X509_add_ext(cert, names_of, -1);
	X509_sign(cert, key, EVP_sha256());
	snprintf(c->certificate, sizeof c->certificate, "/tmp/castor-cert-%d-%d.pem",
		(int)getpid(), ++count);
	snprintf(c->key, sizeof c->key, "/tmp/castor-key-%d-%d.pem", (int)getpid(), count);
	write_pair(c, cert, key);
	X509_EXTENSION_free(names_of);
	X509_free(cert);
	EVP_PKEY_free(key);
}

void certificate_remove(const struct certificate *c)
{
	unlink(c->certificate);
	unlink(c->key);
}
