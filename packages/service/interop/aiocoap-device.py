"""A standard LwM2M device made of aiocoap. It says what happens on standard output, and ends with its standard input.

    aiocoap-device.py SERVER-URI ENDPOINT tls CERTIFICATE KEY AUTHORITY   (PEM files)
    aiocoap-device.py SERVER-URI ENDPOINT psk IDENTITY HEX
"""

import asyncio
import ssl
import sys

import aiocoap
import aiocoap.resource
from aiocoap.numbers.codes import Code


def say(what):
    print(what, flush=True)


class Value(aiocoap.resource.ObservableResource):
    def __init__(self, text):
        super().__init__()
        self.text = text

    def set(self, text):
        self.text = text
        self.updated_state()

    async def render_get(self, request):
        return aiocoap.Message(payload=self.text.encode(), content_format=0)

    async def render_put(self, request):
        self.set(request.payload.decode())
        say(f"written {len(self.text)} {self.text[:20]}")
        return aiocoap.Message(code=Code.CHANGED)


async def main():
    server, endpoint, kind, *given = sys.argv[1:]
    zone, temperature = Value("Europe/Vaduz"), Value("20.5")
    site = aiocoap.resource.Site()
    site.add_resource(["3", "0", "0"], Value("aiocoap"))
    site.add_resource(["3", "0", "15"], zone)
    site.add_resource(["3303", "0", "5700"], temperature)
    site.add_resource(["3", "0", "1"], Value("m" * 3000))
    context = await aiocoap.Context.create_server_context(site, transports=["tlsclient", "tinydtls"])
    if kind == "tls":
        secured = ssl.create_default_context(cafile=given[2])
        secured.load_cert_chain(given[0], given[1])
        context.client_credentials.ssl_client_context = lambda scheme, host: secured
    else:
        psk = {"psk": {"hex": given[1]}, "client-identity": {"ascii": given[0]}}
        context.client_credentials.load_from_dict({f"{server}/*": {"dtls": psk}})

    async def ask(code, path, payload=b"", **options):
        message = aiocoap.Message(code=code, uri=server + path, payload=payload, **options)
        return await asyncio.wait_for(context.request(message).response, 30)

    binding = "T" if kind == "tls" else "U"
    links = '</>;rt="oma.lwm2m";ct="0",</3/0>,</3303/0>,' + ",".join(f"</3300/{n}>" for n in range(400))
    answer = await ask(Code.POST, f"/rd?ep={endpoint}&lt=300&lwm2m=1.1&b={binding}", links.encode(), content_format=40)
    say(f"registered {answer.code} {'/'.join(answer.opt.location_path)}")
    where = "/" + "/".join(answer.opt.location_path)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        if line.strip() == "update":
            say(f"updated {(await ask(Code.POST, where + '?lt=600')).code}")
        else:
            temperature.set(line.strip())
    say(f"gone {(await ask(Code.DELETE, where)).code}")
    await context.shutdown()


asyncio.run(main())
