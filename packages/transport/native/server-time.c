// Makes the ServerHello of TLS 1.2 carry the time in its first four bytes (RFC 5246 §7.4.1.2), as OpenSSL does when it is
// told to and Node has no way to say.
//
// Node does not give the SSL_CTX of a context to Node-API, but OpenSSL tells whoever registered for extra data of every
// SSL_CTX that is made. So the contexts made between begin() and end() on this thread are noted, and told at end(), when
// Node has set them up. Nothing of V8 or of Node's inside is used: one build serves every Node that has Node-API 8.
#define NAPI_VERSION 8
#include <node_api.h>
#include <openssl/ssl.h>

enum { most = 16 };

static _Thread_local int listening;
static _Thread_local int count;
static _Thread_local SSL_CTX *made[most];

static void context_made(void *context, void *unused, CRYPTO_EX_DATA *data, int index, long argument, void *pointer) {
  if (listening && count < most) made[count++] = context;
}

static void context_freed(void *context, void *unused, CRYPTO_EX_DATA *data, int index, long argument, void *pointer) {
  for (int i = 0; i < count; i++)
    if (made[i] == context) made[i--] = made[--count];
}

static napi_value begin(napi_env env, napi_callback_info info) {
  listening = 1;
  count = 0;
  return NULL;
}

static napi_value end(napi_env env, napi_callback_info info) {
  int told = count;
  for (int i = 0; i < count; i++) SSL_CTX_set_mode(made[i], SSL_MODE_SEND_SERVERHELLO_TIME);
  listening = 0;
  count = 0;
  napi_value result = NULL;
  napi_create_int32(env, told, &result);
  return result;
}

static int listener = -1;

// Once for the process, however many threads load the addon. It is linked so that it is never unloaded.
__attribute__((constructor)) static void listen_for_contexts(void) {
  listener = SSL_CTX_get_ex_new_index(0, NULL, context_made, NULL, context_freed);
}

NAPI_MODULE_INIT() {
  if (listener < 0) {
    napi_throw_error(env, NULL, "OpenSSL takes no listener for new contexts.");
    return NULL;
  }
  const napi_property_descriptor functions[] = {
      {"begin", NULL, begin, NULL, NULL, NULL, napi_enumerable, NULL},
      {"end", NULL, end, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  if (napi_define_properties(env, exports, 2, functions) != napi_ok) return NULL;
  return exports;
}
