#include <openssl/err.h>
#include <string.h>

#include "dtls.h"

enum { longest_wait = 60000000, record_header = 13 };

// Microseconds, doubled each time (RFC 6347 §4.2.4.1).
static unsigned next_wait(SSL *ssl, unsigned before) {
  if (before == 0) return ((struct session *)SSL_get_app_data(ssl))->first_wait;
  return before > longest_wait / 2 ? longest_wait : before * 2;
}

struct session *session_new(SSL_CTX *context, bool is_server, unsigned mtu, unsigned first_wait) {
  struct session *session = OPENSSL_zalloc(sizeof *session);
  if (session == NULL) return NULL;
  parcels_start(&session->outgoing);
  parcels_start(&session->messages);
  session->first_wait = first_wait;
  session->ssl = SSL_new(context);
  BIO *bio = session->ssl == NULL ? NULL : session_bio(session);
  if (bio == NULL) {
    session_free(session);
    return NULL;
  }
  SSL_set_app_data(session->ssl, session);
  SSL_set_bio(session->ssl, bio, bio);
  SSL_set_mtu(session->ssl, mtu);
  DTLS_set_timer_cb(session->ssl, next_wait);
  if (is_server) SSL_set_accept_state(session->ssl);
  else SSL_set_connect_state(session->ssl);
  return session;
}

void session_free(struct session *session) {
  if (session == NULL) return;
  SSL_free(session->ssl);
  parcels_drop(&session->outgoing);
  parcels_drop(&session->messages);
  OPENSSL_clear_free(session, sizeof *session);
}

void session_note_error(struct session *session, const char *otherwise) {
  unsigned long code = ERR_peek_last_error();
  const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
  if (reason == NULL) reason = otherwise;
  size_t length = strlen(reason);
  if (length >= sizeof session->error) length = sizeof session->error - 1;
  memcpy(session->error, reason, length);
  session->error[length] = '\0';
  session->state = state_failed;
  ERR_clear_error();
}

bool session_listen(struct session *session) {
  BIO_ADDR *unused = BIO_ADDR_new();
  if (unused == NULL) return false;
  bool is_client = DTLSv1_listen(session->ssl, unused) > 0;
  BIO_ADDR_free(unused);
  session->datagram = NULL;
  ERR_clear_error();
  return is_client;
}

// What a call of OpenSSL that did not succeed means for the session.
static void settle(struct session *session, int result) {
  switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
    case SSL_ERROR_NONE:
      ERR_clear_error();
      return;
    case SSL_ERROR_ZERO_RETURN:
      session->state = state_closed;
      SSL_shutdown(session->ssl);
      ERR_clear_error();
      return;
    default:
      session_note_error(session, "the session broke");
  }
}

static bool is_over(const struct session *session) {
  return session->state == state_closed || session->state == state_failed;
}

// What a cipher adds to a record: explicit nonce and tag (RFC 5288 §3, RFC 6655 §3 and §4, RFC 7905 §2).
static size_t overhead_of(const SSL_CIPHER *cipher) {
  if (cipher == NULL) return 0;
  const char *name = SSL_CIPHER_get_name(cipher);
  return strstr(name, "CCM8") != NULL || strstr(name, "CHACHA20") != NULL ? 16 : 24;
}

// Cuts a datagram off before an encrypted record that is too short to be one. RFC 6347 §4.1.2.7 says that such a record
// is to be ignored, but OpenSSL 3.5 ends the session at it: anyone who can forge an address could end any session.
static void drop_short_records(struct session *session) {
  const uint8_t *bytes = session->datagram;
  size_t shortest = overhead_of(SSL_get_current_cipher(session->ssl));
  size_t next = overhead_of(SSL_get_pending_cipher(session->ssl));
  if (next > shortest) shortest = next;
  for (size_t at = 0; bytes != NULL && at + record_header <= session->datagram_length;) {
    size_t length = (size_t)bytes[at + 11] << 8 | bytes[at + 12];
    bool is_encrypted = bytes[at + 3] != 0 || bytes[at + 4] != 0;
    if (is_encrypted && length < shortest) {
      session->datagram_length = at;
      if (at == 0) session->datagram = NULL;
      return;
    }
    at += record_header + length;
  }
}

void session_read(struct session *session) {
  uint8_t buffer[largest_record];
  ERR_clear_error();
  drop_short_records(session);
  while (!is_over(session)) {
    int length = SSL_read(session->ssl, buffer, sizeof buffer);
    if (length > 0) {
      if (!parcels_add(&session->messages, buffer, (size_t)length)) break;
      continue;
    }
    settle(session, length);
    break;
  }
  OPENSSL_cleanse(buffer, sizeof buffer);
  session->datagram = NULL;
  if (is_over(session)) return;
  if (session->handshakes_begun > most_handshakes) session_note_error(session, "too many handshakes");
  else if (session->state == state_handshake && SSL_is_init_finished(session->ssl)) {
    session->state = state_open;
    // The address is proven; a new handshake on this session needs no cookie.
    SSL_clear_options(session->ssl, SSL_OP_COOKIE_EXCHANGE);
    OPENSSL_cleanse(session->key, sizeof session->key);
    session->key_length = 0;
  }
}

void session_timeout(struct session *session) {
  ERR_clear_error();
  if (!is_over(session) && DTLSv1_handle_timeout(session->ssl) < 0) session_note_error(session, "no answer");
}

bool session_write(struct session *session, const void *data, size_t length) {
  ERR_clear_error();
  if (session->state != state_open) return false;
  int written = SSL_write(session->ssl, data, (int)length);
  if (written <= 0) settle(session, written);
  return written > 0;
}

void session_close(struct session *session) {
  ERR_clear_error();
  if (session->state == state_open) SSL_shutdown(session->ssl);
  if (!is_over(session)) session->state = state_closed;
  ERR_clear_error();
}

int64_t session_wait(struct session *session) {
  struct timeval left;
  if (is_over(session) || DTLSv1_get_timeout(session->ssl, &left) != 1) return -1;
  return (int64_t)left.tv_sec * 1000 + (left.tv_usec + 999) / 1000;
}

bool session_uses_pre_shared_key(struct session *session) {
  const SSL_CIPHER *cipher = SSL_get_pending_cipher(session->ssl);
  if (cipher == NULL || session->state != state_handshake) return false;
  int kind = SSL_CIPHER_get_kx_nid(cipher);
  return kind == NID_kx_psk || kind == NID_kx_ecdhe_psk;
}
