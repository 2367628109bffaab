// The functions that JavaScript calls; src/dtls/addon.ts has their types.
#include <openssl/err.h>
#include <openssl/objects.h>
#include <string.h>

#include "dtls.h"

// OpenSSL reads the arguments of a call while the caller holds them: nothing runs in between.
struct bytes {
  uint8_t *data;
  size_t length;
};

// A session as JavaScript holds it: emptied by free(), or else when nobody holds it any more.
struct handle {
  struct session *session;
};

static napi_value undefined(napi_env env) {
  napi_value value = NULL;
  napi_get_undefined(env, &value);
  return value;
}

static napi_value fail(napi_env env, const char *otherwise) {
  unsigned long code = ERR_peek_last_error();
  const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
  napi_throw_error(env, NULL, reason == NULL ? otherwise : reason);
  ERR_clear_error();
  return NULL;
}

static bool arguments(napi_env env, napi_callback_info info, size_t wanted, napi_value *values) {
  size_t count = wanted;
  if (napi_get_cb_info(env, info, &count, values, NULL, NULL) == napi_ok && count >= wanted) return true;
  napi_throw_type_error(env, NULL, "An argument is missing.");
  return false;
}

static bool bytes_of(napi_env env, napi_value value, struct bytes *bytes) {
  bool is_array = false;
  napi_typedarray_type type;
  void *data = NULL;
  if (napi_is_typedarray(env, value, &is_array) == napi_ok && is_array &&
      napi_get_typedarray_info(env, value, &type, &bytes->length, &data, NULL, NULL) == napi_ok && type == napi_uint8_array) {
    bytes->data = data;
    return true;
  }
  napi_throw_type_error(env, NULL, "An argument is not a Uint8Array.");
  return false;
}

static const napi_type_tag context_tag = {0x6d6f6f72696e6721, 0x636f6e7465787421};
static const napi_type_tag session_tag = {0x6d6f6f72696e6721, 0x73657373696f6e21};

static void *tagged(napi_env env, napi_value value, const napi_type_tag *tag) {
  bool is_ours = false;
  napi_valuetype type;
  void *data = NULL;
  if (napi_typeof(env, value, &type) == napi_ok && type == napi_external &&
      napi_check_object_type_tag(env, value, tag, &is_ours) == napi_ok && is_ours &&
      napi_get_value_external(env, value, &data) == napi_ok && data != NULL)
    return data;
  napi_throw_type_error(env, NULL, "An argument is not what this function made.");
  return NULL;
}

static struct session *session_of(napi_env env, napi_value value) {
  struct handle *handle = tagged(env, value, &session_tag);
  if (handle == NULL) return NULL;
  if (handle->session == NULL) napi_throw_error(env, NULL, "The session was freed.");
  return handle->session;
}

static napi_value external(napi_env env, void *data, napi_finalize finalize, const napi_type_tag *tag) {
  napi_value value = NULL;
  if (napi_create_external(env, data, finalize, NULL, &value) == napi_ok) {
    if (napi_type_tag_object(env, value, tag) == napi_ok) return value;
    return NULL;  // finalize frees it
  }
  finalize(env, data, NULL);
  return NULL;
}

static napi_value text(napi_env env, const char *string) {
  napi_value value = NULL;
  if (napi_create_string_utf8(env, string, NAPI_AUTO_LENGTH, &value) != napi_ok) return undefined(env);
  return value;
}

static napi_value number(napi_env env, int64_t integer) {
  napi_value value = NULL;
  napi_create_int64(env, integer, &value);
  return value;
}

static napi_value boolean(napi_env env, bool is_true) {
  napi_value value = NULL;
  napi_get_boolean(env, is_true, &value);
  return value;
}

static void append(napi_env env, napi_value array, uint32_t index, const void *data, size_t length) {
  napi_value buffer = NULL;
  if (napi_create_buffer_copy(env, length, data, NULL, &buffer) == napi_ok) napi_set_element(env, array, index, buffer);
}

static napi_value array_of(napi_env env, struct parcels *parcels) {
  napi_value array = NULL;
  if (napi_create_array(env, &array) != napi_ok) return NULL;
  uint32_t index = 0;
  for (const struct parcel *parcel = parcels->first; parcel != NULL; parcel = parcel->next)
    append(env, array, index++, parcel->bytes, parcel->length);
  parcels_drop(parcels);
  return array;
}

static napi_value outcome(napi_env env, struct session *session, bool is_client) {
  napi_value result = NULL;
  if (napi_create_object(env, &result) != napi_ok) return NULL;
  const napi_property_descriptor facts[] = {
      {"state", NULL, NULL, NULL, NULL, number(env, session->state), napi_enumerable, NULL},
      {"isClient", NULL, NULL, NULL, NULL, boolean(env, is_client), napi_enumerable, NULL},
      {"datagrams", NULL, NULL, NULL, NULL, array_of(env, &session->outgoing), napi_enumerable, NULL},
      {"messages", NULL, NULL, NULL, NULL, array_of(env, &session->messages), napi_enumerable, NULL},
      {"wait", NULL, NULL, NULL, NULL, number(env, session_wait(session)), napi_enumerable, NULL},
      {"handshakes", NULL, NULL, NULL, NULL, number(env, session->handshakes_done), napi_enumerable, NULL},
      {"usesPreSharedKey", NULL, NULL, NULL, NULL, boolean(env, session_uses_pre_shared_key(session)), napi_enumerable, NULL},
      {"error", NULL, NULL, NULL, NULL, text(env, session->error), napi_enumerable, NULL},
  };
  if (napi_define_properties(env, result, sizeof facts / sizeof *facts, facts) != napi_ok) return NULL;
  return result;
}

static void free_context(napi_env env, void *data, void *hint) { SSL_CTX_free(data); }

// A string, copied; NULL where the property is undefined.
static char *string_property(napi_env env, napi_value object, const char *name) {
  napi_value value = NULL;
  napi_valuetype type;
  size_t length = 0;
  if (napi_get_named_property(env, object, name, &value) != napi_ok || napi_typeof(env, value, &type) != napi_ok ||
      type != napi_string || napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok)
    return NULL;
  char *copy = OPENSSL_malloc(length + 1);
  if (copy != NULL) napi_get_value_string_utf8(env, value, copy, length + 1, &length);
  return copy;
}

static bool boolean_property(napi_env env, napi_value object, const char *name) {
  napi_value value = NULL;
  bool is_true = false;
  if (napi_get_named_property(env, object, name, &value) == napi_ok) napi_get_value_bool(env, value, &is_true);
  return is_true;
}

static napi_value make_context(napi_env env, napi_callback_info info) {
  napi_value object;
  if (!arguments(env, info, 1, &object)) return NULL;
  char *strings[] = {
      string_property(env, object, "key"),     string_property(env, object, "certificate"), string_property(env, object, "authorities"),
      string_property(env, object, "ciphers"), string_property(env, object, "groups"),      string_property(env, object, "signatures"),
  };
  ERR_clear_error();
  SSL_CTX *context = NULL;
  if (strings[3] != NULL && strings[4] != NULL && strings[5] != NULL) {
    context = context_new(&(struct context_options){
        .is_server = boolean_property(env, object, "isServer"),
        .pre_shared_keys = boolean_property(env, object, "preSharedKeys"),
        .key = strings[0],
        .certificate = strings[1],
        .authorities = strings[2],
        .ciphers = strings[3],
        .groups = strings[4],
        .signatures = strings[5],
    });
  }
  for (size_t index = 0; index < sizeof strings / sizeof *strings; index++)
    if (strings[index] != NULL) OPENSSL_clear_free(strings[index], strlen(strings[index]));
  if (context == NULL) return fail(env, "the context could not be made");
  return external(env, context, free_context, &context_tag);
}

static void free_handle(napi_env env, void *data, void *hint) {
  struct handle *handle = data;
  session_free(handle->session);
  OPENSSL_free(handle);
}

static napi_value make_session(napi_env env, napi_callback_info info) {
  napi_value values[4];
  bool is_server = false;
  uint32_t mtu = 0, first_wait = 0;
  if (!arguments(env, info, 4, values)) return NULL;
  SSL_CTX *context = tagged(env, values[0], &context_tag);
  if (context == NULL) return NULL;
  napi_get_value_bool(env, values[1], &is_server);
  napi_get_value_uint32(env, values[2], &mtu);
  napi_get_value_uint32(env, values[3], &first_wait);
  struct handle *handle = OPENSSL_zalloc(sizeof *handle);
  if (handle != NULL) handle->session = session_new(context, is_server, mtu, first_wait);
  if (handle == NULL || handle->session == NULL) {
    OPENSSL_free(handle);
    return fail(env, "there is no memory for a session");
  }
  return external(env, handle, free_handle, &session_tag);
}

static napi_value free_session(napi_env env, napi_callback_info info) {
  napi_value value;
  if (!arguments(env, info, 1, &value)) return NULL;
  struct handle *handle = tagged(env, value, &session_tag);
  if (handle == NULL) return NULL;
  session_free(handle->session);
  handle->session = NULL;
  return undefined(env);
}

static napi_value listen_for(napi_env env, napi_callback_info info) {
  napi_value values[4];
  struct bytes datagram, place;
  if (!arguments(env, info, 4, values)) return NULL;
  struct session *session = session_of(env, values[0]);
  if (session == NULL || !bytes_of(env, values[1], &datagram) || !bytes_of(env, values[2], &place)) return NULL;
  if (place.length > largest_place) return fail(env, "the address is too long");
  memcpy(session->place, place.data, place.length);
  session->place_length = place.length;
  napi_get_value_uint32(env, values[3], &session->period);
  session->datagram = datagram.data;
  session->datagram_length = datagram.length;
  bool is_client = session_listen(session);
  if (is_client) session_read(session);
  return outcome(env, session, is_client);
}

static napi_value receive(napi_env env, napi_callback_info info) {
  napi_value values[2];
  struct bytes datagram;
  if (!arguments(env, info, 2, values)) return NULL;
  struct session *session = session_of(env, values[0]);
  if (session == NULL || !bytes_of(env, values[1], &datagram)) return NULL;
  session->datagram = datagram.length == 0 ? NULL : datagram.data;
  session->datagram_length = datagram.length;
  session_read(session);
  return outcome(env, session, false);
}

static napi_value expire(napi_env env, napi_callback_info info) {
  napi_value value;
  if (!arguments(env, info, 1, &value)) return NULL;
  struct session *session = session_of(env, value);
  if (session == NULL) return NULL;
  session_timeout(session);
  return outcome(env, session, false);
}

static napi_value send(napi_env env, napi_callback_info info) {
  napi_value values[2];
  struct bytes data;
  if (!arguments(env, info, 2, values)) return NULL;
  struct session *session = session_of(env, values[0]);
  if (session == NULL || !bytes_of(env, values[1], &data)) return NULL;
  if (data.length == 0 || data.length > largest_record) return fail(env, "the message has no or too many bytes");
  session_write(session, data.data, data.length);
  return outcome(env, session, false);
}

static napi_value close(napi_env env, napi_callback_info info) {
  napi_value value;
  if (!arguments(env, info, 1, &value)) return NULL;
  struct session *session = session_of(env, value);
  if (session == NULL) return NULL;
  session_close(session);
  return outcome(env, session, false);
}

static napi_value set_mtu(napi_env env, napi_callback_info info) {
  napi_value values[2];
  uint32_t mtu = 0;
  if (!arguments(env, info, 2, values)) return NULL;
  struct session *session = session_of(env, values[0]);
  if (session == NULL) return NULL;
  napi_get_value_uint32(env, values[1], &mtu);
  SSL_set_mtu(session->ssl, mtu);
  return undefined(env);
}

static napi_value set_key(napi_env env, napi_callback_info info) {
  napi_value values[3];
  struct bytes identity, key;
  if (!arguments(env, info, 3, values)) return NULL;
  struct session *session = session_of(env, values[0]);
  if (session == NULL || !bytes_of(env, values[1], &identity) || !bytes_of(env, values[2], &key)) return NULL;
  if (identity.length > largest_identity || key.length > largest_key || memchr(identity.data, 0, identity.length) != NULL)
    return fail(env, "the identity or the key is too long");
  memcpy(session->identity, identity.data, identity.length);
  session->identity[identity.length] = '\0';
  memcpy(session->key, key.data, key.length);
  session->key_length = key.length;
  return undefined(env);
}

static void append_certificate(napi_env env, napi_value array, uint32_t *count, X509 *certificate) {
  unsigned char *der = NULL;
  int length = i2d_X509(certificate, &der);
  if (length <= 0) return;
  append(env, array, (*count)++, der, (size_t)length);
  OPENSSL_free(der);
}

static napi_value certificates(napi_env env, SSL *ssl) {
  napi_value array = NULL;
  if (napi_create_array(env, &array) != napi_ok) return NULL;
  uint32_t count = 0;
  // The chain of a server begins with its own certificate, that of a client with the one above.
  X509 *own = SSL_get0_peer_certificate(ssl);
  STACK_OF(X509) *chain = SSL_get_peer_cert_chain(ssl);
  if (own != NULL) append_certificate(env, array, &count, own);
  for (int index = SSL_is_server(ssl) ? 0 : 1; index < sk_X509_num(chain); index++)
    append_certificate(env, array, &count, sk_X509_value(chain, index));
  return array;
}

static napi_value facts_of(napi_env env, napi_callback_info info) {
  napi_value value, result = NULL;
  if (!arguments(env, info, 1, &value)) return NULL;
  struct session *session = session_of(env, value);
  if (session == NULL || napi_create_object(env, &result) != napi_ok) return NULL;
  SSL *ssl = session->ssl;
  const char *identity = SSL_get_psk_identity(ssl);
  long verification = SSL_get_verify_result(ssl);
  const napi_property_descriptor facts[] = {
      {"certificates", NULL, NULL, NULL, NULL, certificates(env, ssl), napi_enumerable, NULL},
      {"pskIdentity", NULL, NULL, NULL, NULL, identity == NULL ? undefined(env) : text(env, identity), napi_enumerable, NULL},
      {"cipher", NULL, NULL, NULL, NULL, text(env, SSL_get_cipher_name(ssl)), napi_enumerable, NULL},
      {"distrust", NULL, NULL, NULL, NULL,
       verification == X509_V_OK ? undefined(env) : text(env, X509_verify_cert_error_string(verification)), napi_enumerable, NULL},
  };
  if (napi_define_properties(env, result, sizeof facts / sizeof *facts, facts) != napi_ok) return NULL;
  return result;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor functions[] = {
      {"context", NULL, make_context, NULL, NULL, NULL, napi_enumerable, NULL},
      {"session", NULL, make_session, NULL, NULL, NULL, napi_enumerable, NULL},
      {"free", NULL, free_session, NULL, NULL, NULL, napi_enumerable, NULL},
      {"listen", NULL, listen_for, NULL, NULL, NULL, napi_enumerable, NULL},
      {"receive", NULL, receive, NULL, NULL, NULL, napi_enumerable, NULL},
      {"expire", NULL, expire, NULL, NULL, NULL, napi_enumerable, NULL},
      {"send", NULL, send, NULL, NULL, NULL, napi_enumerable, NULL},
      {"close", NULL, close, NULL, NULL, NULL, napi_enumerable, NULL},
      {"setMtu", NULL, set_mtu, NULL, NULL, NULL, napi_enumerable, NULL},
      {"setKey", NULL, set_key, NULL, NULL, NULL, napi_enumerable, NULL},
      {"facts", NULL, facts_of, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  if (napi_define_properties(env, exports, sizeof functions / sizeof *functions, functions) != napi_ok) return NULL;
  return exports;
}
