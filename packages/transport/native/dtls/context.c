#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

#include "dtls.h"

// Otherwise OpenSSL would ask on the terminal.
static int no_password(char *buffer, int size, int is_writing, void *data) { return -1; }

static bool use_key(SSL_CTX *context, const char *pem) {
  BIO *bio = BIO_new_mem_buf(pem, -1);
  EVP_PKEY *key = bio == NULL ? NULL : PEM_read_bio_PrivateKey(bio, NULL, no_password, NULL);
  bool done = key != NULL && SSL_CTX_use_PrivateKey(context, key) == 1;
  EVP_PKEY_free(key);
  BIO_free(bio);
  return done;
}

// Calls `take` for each certificate; it gets the certificate for good. There has to be one.
static bool each_certificate(SSL_CTX *context, const char *pem, bool (*take)(SSL_CTX *, X509 *, int)) {
  BIO *bio = BIO_new_mem_buf(pem, -1);
  if (bio == NULL) return false;
  int count = 0;
  bool good = true;
  X509 *certificate;
  while (good && (certificate = PEM_read_bio_X509(bio, NULL, no_password, NULL)) != NULL)
    good = take(context, certificate, count++);
  // The end of the text is told as an error; any other stands for something broken.
  if (good && count > 0 && ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE) ERR_clear_error();
  else good = false;
  BIO_free(bio);
  return good;
}

static bool take_own(SSL_CTX *context, X509 *certificate, int index) {
  if (index == 0) {
    bool done = SSL_CTX_use_certificate(context, certificate) == 1;
    X509_free(certificate);
    return done;
  }
  if (SSL_CTX_add0_chain_cert(context, certificate) == 1) return true;
  X509_free(certificate);
  return false;
}

static bool take_authority(SSL_CTX *context, X509 *certificate, int index) {
  bool done = X509_STORE_add_cert(SSL_CTX_get_cert_store(context), certificate) == 1;
  X509_free(certificate);
  return done;
}

// JavaScript decides, on the certificates that were sent.
static int leave_to_caller(X509_STORE_CTX *store, void *data) { return 1; }

// The chain is checked against the authorities, and the result is kept for the caller.
static int go_on(int is_good, X509_STORE_CTX *store) { return 1; }

static unsigned find_key(struct session *session, const char *identity, uint8_t *key, unsigned size) {
  if (session->key_length == 0 || session->key_length > size || strcmp(identity, session->identity) != 0) return 0;
  memcpy(key, session->key, session->key_length);
  return (unsigned)session->key_length;
}

static unsigned key_of_client(SSL *ssl, const char *identity, unsigned char *key, unsigned size) {
  return identity == NULL ? 0 : find_key(SSL_get_app_data(ssl), identity, key, size);
}

static unsigned key_for_server(SSL *ssl, const char *hint, char *identity, unsigned longest, unsigned char *key, unsigned size) {
  struct session *session = SSL_get_app_data(ssl);
  size_t length = strlen(session->identity);
  if (length >= longest) return 0;
  memcpy(identity, session->identity, length + 1);
  return find_key(session, identity, key, size);
}

static void on_info(const SSL *ssl, int where, int value) {
  struct session *session = SSL_get_app_data(ssl);
  if (session == NULL) return;
  if (where & SSL_CB_HANDSHAKE_START) session->handshakes_begun++;
  if (where & SSL_CB_HANDSHAKE_DONE) session->handshakes_done++;
}

static bool set_up(SSL_CTX *context, const struct context_options *options) {
  SSL_CTX_set_options(context, SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION | SSL_OP_ALLOW_CLIENT_RENEGOTIATION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_SEND_SERVERHELLO_TIME);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context, 1);
  // Small devices have certificates of a kilobyte; OpenSSL's limit of 100 is for others.
  SSL_CTX_set_max_cert_list(context, 16384);
  SSL_CTX_set_info_callback(context, on_info);
  if (!SSL_CTX_set_min_proto_version(context, DTLS1_2_VERSION) || !SSL_CTX_set_max_proto_version(context, DTLS1_2_VERSION) ||
      !SSL_CTX_set_cipher_list(context, options->ciphers) || !SSL_CTX_set1_groups_list(context, options->groups) ||
      !SSL_CTX_set1_sigalgs_list(context, options->signatures))
    return false;
  if (options->is_server && !cookies_use(context)) return false;

  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, go_on);
  if (options->authorities == NULL) SSL_CTX_set_cert_verify_callback(context, leave_to_caller, NULL);
  else if (!each_certificate(context, options->authorities, take_authority)) return false;

  if (options->pre_shared_keys && options->is_server) SSL_CTX_set_psk_server_callback(context, key_of_client);
  else if (options->pre_shared_keys) SSL_CTX_set_psk_client_callback(context, key_for_server);

  if (options->key == NULL || options->certificate == NULL) return true;
  return each_certificate(context, options->certificate, take_own) && use_key(context, options->key) &&
         SSL_CTX_check_private_key(context) == 1;
}

SSL_CTX *context_new(const struct context_options *options) {
  SSL_CTX *context = SSL_CTX_new(DTLS_method());
  if (context == NULL || set_up(context, options)) return context;
  SSL_CTX_free(context);
  return NULL;
}
