#include <string.h>

#include "dtls.h"

void parcels_start(struct parcels *parcels) {
  parcels->first = NULL;
  parcels->end = &parcels->first;
}

bool parcels_add(struct parcels *parcels, const void *bytes, size_t length) {
  struct parcel *parcel = OPENSSL_malloc(sizeof *parcel + length);
  if (parcel == NULL) return false;
  parcel->next = NULL;
  parcel->length = length;
  if (length > 0) memcpy(parcel->bytes, bytes, length);
  *parcels->end = parcel;
  parcels->end = &parcel->next;
  return true;
}

void parcels_drop(struct parcels *parcels) {
  while (parcels->first != NULL) {
    struct parcel *parcel = parcels->first;
    parcels->first = parcel->next;
    OPENSSL_clear_free(parcel, sizeof *parcel + parcel->length);
  }
  parcels->end = &parcels->first;
}
