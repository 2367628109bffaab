// DTLS 1.2 over the OpenSSL that is inside the node program. Nothing here touches the network or calls JavaScript: a datagram
// goes in, and what comes of it (datagrams to send, messages, the state of the session, when to look again) goes out.
#pragma once

#define NAPI_VERSION 8
#include <node_api.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  largest_record = 16384,
  largest_key = 64,
  largest_identity = 128,
  largest_place = 64,
  // Pelion's clients renegotiate once; Node lets a TLS client do it three times.
  most_handshakes = 4,
};

// One datagram that OpenSSL wrote, or one message that it read.
struct parcel {
  struct parcel *next;
  size_t length;
  uint8_t bytes[];
};

struct parcels {
  struct parcel *first;
  struct parcel **end;
};

enum state { state_handshake, state_open, state_closed, state_failed };

struct session {
  SSL *ssl;
  const uint8_t *datagram;  // what OpenSSL reads next; only during a call
  size_t datagram_length;
  struct parcels outgoing;
  struct parcels messages;
  enum state state;
  unsigned handshakes_begun, handshakes_done;
  unsigned first_wait;  // microseconds until the first retransmission
  char error[160];
  // The pre-shared key that was found for an identity, until the handshake is done.
  char identity[largest_identity + 1];
  uint8_t key[largest_key];
  size_t key_length;
  // From whom the datagram is, and the time in whole periods: what the cookie is made of. Only while listening.
  uint8_t place[largest_place];
  size_t place_length;
  uint32_t period;
};

void parcels_start(struct parcels *parcels);
bool parcels_add(struct parcels *parcels, const void *bytes, size_t length);
void parcels_drop(struct parcels *parcels);

// bio.c: the way between OpenSSL and a session.
BIO *session_bio(struct session *session);

// context.c: what all sessions of a listener share.
struct context_options {
  bool is_server;
  bool pre_shared_keys;
  const char *key, *certificate, *authorities;  // PEM; NULL where there is none
  const char *ciphers, *groups, *signatures;
};
SSL_CTX *context_new(const struct context_options *options);

// cookie.c: RFC 6347 §4.2.1.
bool cookies_use(SSL_CTX *context);

// session.c
struct session *session_new(SSL_CTX *context, bool is_server, unsigned mtu, unsigned first_wait);
void session_free(struct session *session);
// Whether the datagram was a ClientHello with a good cookie, so that the session is that client's from now on.
bool session_listen(struct session *session);
void session_read(struct session *session);
void session_timeout(struct session *session);
bool session_write(struct session *session, const void *data, size_t length);
void session_close(struct session *session);
// Milliseconds, or -1 where nothing is waited for.
int64_t session_wait(struct session *session);
// Whether the client is going to say which pre-shared key it has.
bool session_uses_pre_shared_key(struct session *session);
void session_note_error(struct session *session, const char *otherwise);
