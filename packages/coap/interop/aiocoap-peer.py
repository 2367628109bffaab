"""aiocoap as client and as server. What it saw goes to standard output, a line of JSON for each thing."""

import asyncio
import json
import sys

import aiocoap
import aiocoap.resource
from aiocoap.numbers.codes import Code

LARGE = bytes((index * 31 + (index >> 8)) & 0xFF for index in range(50_000))


def say(**what):
    print(json.dumps(what), flush=True)


async def client(base):
    context = await aiocoap.Context.create_client_context()

    async def ask(code, path, payload=b"", **options):
        message = aiocoap.Message(code=code, uri=base + path, payload=payload, **options)
        response = await asyncio.wait_for(context.request(message).response, 20)
        return str(response.code).split()[0], response.payload

    code, payload = await ask(Code.GET, "hello")
    say(step="hello", code=code, text=payload.decode())
    code, payload = await ask(Code.GET, "nothing")
    say(step="nothing", code=code)
    code, payload = await ask(Code.GET, "large")
    say(step="read", code=code, same=payload == LARGE)
    code, payload = await ask(Code.PUT, "large", LARGE)
    say(step="write", code=code)
    code, payload = await ask(Code.FETCH, "echo", b"some" * 1000, content_format=60)
    say(step="fetch", code=code, same=payload == b"some" * 1000)
    code, payload = await ask(Code.iPATCH, "echo", b"other")
    say(step="ipatch", code=code, text=payload.decode())
    code, payload = await ask(Code.GET, "separate")
    say(step="separate", code=code, text=payload.decode())

    request = context.request(aiocoap.Message(code=Code.GET, uri=base + "count", observe=0))
    await asyncio.wait_for(request.response, 20)
    counts = []
    async for notification in request.observation:
        counts.append(int(notification.payload.decode().split()[1]))
        if len(counts) == 4:
            break
    say(step="observe", counts=counts)
    request.observation.cancel()
    await asyncio.sleep(1)
    await context.shutdown()


class Echo(aiocoap.resource.Resource):
    async def render_post(self, request):
        return aiocoap.Message(code=Code.CHANGED, payload=request.payload)

    async def render_fetch(self, request):
        return aiocoap.Message(code=Code.CONTENT, payload=request.payload)


class Store(aiocoap.resource.Resource):
    payload = LARGE

    async def render_get(self, request):
        return aiocoap.Message(payload=self.payload, content_format=42)

    async def render_put(self, request):
        self.payload = request.payload
        return aiocoap.Message(code=Code.CHANGED)


class Late(aiocoap.resource.Resource):
    async def render_get(self, request):
        await asyncio.sleep(2)
        return aiocoap.Message(payload=b"late")


class Count(aiocoap.resource.ObservableResource):
    value = 0

    def update_observation_count(self, count):
        say(observers=count)

    def tick(self):
        self.value += 1
        self.updated_state()
        asyncio.get_running_loop().call_later(0.2, self.tick)

    async def render_get(self, request):
        # Large at times, so that the rest has to be fetched.
        filling = b"." * (3000 if self.value % 3 == 0 else 0)
        return aiocoap.Message(payload=b"%d " % self.value + filling)


async def server(host, port):
    site = aiocoap.resource.Site()
    count = Count()
    site.add_resource(["echo"], Echo())
    site.add_resource(["store"], Store())
    site.add_resource(["late"], Late())
    site.add_resource(["count"], count)
    await aiocoap.Context.create_server_context(site, bind=(host, port))
    count.tick()
    say(ready=True)
    await asyncio.Event().wait()


if sys.argv[1] == "client":
    asyncio.run(client(sys.argv[2]))
else:
    asyncio.run(server(sys.argv[2], int(sys.argv[3])))
