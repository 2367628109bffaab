#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>

#include "dtls.h"

enum { cookie_length = 32, secret_length = 32 };

static uint8_t secret[secret_length];
static bool has_secret;

__attribute__((constructor)) static void make_secret(void) { has_secret = RAND_bytes(secret, secret_length) == 1; }

// A cookie proves that whoever sends it gets what is sent to its address, within this period or the one before.
static bool cookie_of(const struct session *session, uint32_t period, uint8_t cookie[cookie_length]) {
  uint8_t input[largest_place + sizeof period];
  memcpy(input, session->place, session->place_length);
  memcpy(input + session->place_length, &period, sizeof period);
  unsigned length = 0;
  return has_secret && HMAC(EVP_sha256(), secret, secret_length, input, session->place_length + sizeof period, cookie, &length) &&
         length == cookie_length;
}

static int generate(SSL *ssl, unsigned char *cookie, unsigned *length) {
  const struct session *session = SSL_get_app_data(ssl);
  *length = cookie_length;
  return cookie_of(session, session->period, cookie);
}

static int verify(SSL *ssl, const unsigned char *cookie, unsigned length) {
  const struct session *session = SSL_get_app_data(ssl);
  if (length != cookie_length) return 0;
  for (uint32_t age = 0; age < 2; age++) {
    uint8_t expected[cookie_length];
    if (cookie_of(session, session->period - age, expected) && CRYPTO_memcmp(cookie, expected, cookie_length) == 0) return 1;
  }
  return 0;
}

bool cookies_use(SSL_CTX *context) {
  SSL_CTX_set_cookie_generate_cb(context, generate);
  SSL_CTX_set_cookie_verify_cb(context, verify);
  return has_secret;
}
