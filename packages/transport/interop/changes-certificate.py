"""A client for tls-openssl.test.ts: connects with one certificate and renegotiates with another.

Arguments: port, certificate, key, other certificate, other key. Python's ssl module cannot renegotiate, so this
calls libssl itself.
"""
import ctypes
import ctypes.util
import socket
import sys

PEM = 1
PORT, CERTIFICATE, KEY, OTHER_CERTIFICATE, OTHER_KEY = sys.argv[1:]

ssl = ctypes.CDLL(ctypes.util.find_library("ssl"))
for name in ("TLS_client_method", "SSL_CTX_new", "SSL_new"):
    getattr(ssl, name).restype = ctypes.c_void_p
ssl.SSL_CTX_ctrl.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_long, ctypes.c_void_p]


def pointer(value):
    return ctypes.c_void_p(value)


def done(result, what):
    print(what, result, flush=True)
    if result <= 0:
        sys.exit(f"{what} failed")


context = pointer(ssl.SSL_CTX_new(pointer(ssl.TLS_client_method())))
SET_MAX_PROTO_VERSION, TLS1_2 = 124, 0x0303
ssl.SSL_CTX_ctrl(context, SET_MAX_PROTO_VERSION, TLS1_2, None)
tcp = socket.create_connection(("127.0.0.1", int(PORT)))
session = pointer(ssl.SSL_new(context))
ssl.SSL_set_fd(session, tcp.fileno())
done(ssl.SSL_use_certificate_file(session, CERTIFICATE.encode(), PEM), "certificate")
done(ssl.SSL_use_PrivateKey_file(session, KEY.encode(), PEM), "key")
done(ssl.SSL_connect(session), "connect")
done(ssl.SSL_write(session, b"as the first", 12), "write")
done(ssl.SSL_use_certificate_file(session, OTHER_CERTIFICATE.encode(), PEM), "other certificate")
done(ssl.SSL_use_PrivateKey_file(session, OTHER_KEY.encode(), PEM), "other key")
done(ssl.SSL_renegotiate(session), "renegotiate")
done(ssl.SSL_do_handshake(session), "handshake")
# The first call waits for the server's answer; the second is the one that it must never take.
done(ssl.SSL_write(session, b"as the other", 12), "write")
