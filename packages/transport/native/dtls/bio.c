#include <openssl/bio.h>
#include <string.h>

#include "dtls.h"

static int on_write(BIO *bio, const char *data, int length) {
  struct session *session = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  // Without memory it is lost, as datagrams are.
  if (length > 0) parcels_add(&session->outgoing, data, (size_t)length);
  return length;
}

// A datagram is read at once; what does not fit is cut off.
static int on_read(BIO *bio, char *buffer, int size) {
  struct session *session = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (session->datagram == NULL || size <= 0) {
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t length = session->datagram_length;
  if (length > (size_t)size) length = (size_t)size;
  if (length > 0) memcpy(buffer, session->datagram, length);
  session->datagram = NULL;
  return (int)length;
}

static long on_control(BIO *bio, int command, long number, void *pointer) {
  switch (command) {
    case BIO_CTRL_FLUSH:
    case BIO_CTRL_DGRAM_SET_NEXT_TIMEOUT:
      return 1;
    case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
      return 48;  // IPv6 and UDP
    default:
      return 0;
  }
}

static int on_create(BIO *bio) {
  BIO_set_init(bio, 1);
  return 1;
}

static BIO_METHOD *method;

__attribute__((constructor)) static void make_method(void) {
  method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "mooring datagrams");
  if (method == NULL) return;
  BIO_meth_set_write(method, on_write);
  BIO_meth_set_read(method, on_read);
  BIO_meth_set_ctrl(method, on_control);
  BIO_meth_set_create(method, on_create);
}

BIO *session_bio(struct session *session) {
  BIO *bio = method == NULL ? NULL : BIO_new(method);
  if (bio != NULL) BIO_set_data(bio, session);
  return bio;
}
