"""What an application does with a connected device, by ConnectAPI of mbed-cloud-sdk.

Prints "press N" when the button of the device is to change, then one JSON object of what came back. On standard input: what
came to the callback, one JSON text a line.
Environment: MBED_CLOUD_SDK_HOST, MBED_CLOUD_SDK_API_KEY, CALLBACK (a URL).
"""

import json
import os
import sys

from mbed_cloud import ConnectAPI

BUTTON = "/3200/0/5501"
LIGHT = "/3201/0/5853"
PATIENCE = 30

api = ConnectAPI({"autostart_notification_thread": True})


def press(number):
    sys.stdout.write("press %d\n" % number)
    sys.stdout.flush()


def text(value):
    return value.decode() if isinstance(value, bytes) else value


def pulled(queue, wanted):
    while True:
        value = text(queue.get(timeout=PATIENCE))
        if value == wanted:
            return value


device = list(api.list_connected_devices())[0].id
resources = sorted(one.path for one in api.list_resources(device))
maker = text(api.get_resource_value(device, "/3/0/0", timeout=PATIENCE))
api.set_resource_value(device, LIGHT, "on", timeout=PATIENCE)
light = text(api.get_resource_value(device, LIGHT, timeout=PATIENCE))
try:
    api.get_resource_value(device, "/3/0/99", timeout=PATIENCE)
    absent = "nothing failed"
except Exception as error:
    absent = type(error).__name__

queue = api.add_resource_subscription(device, BUTTON)
press(1)
notified = pulled(queue, "1")
subscribed = api.get_resource_subscription(device, BUTTON)
subscriptions = api.list_device_subscriptions(device)
api.delete_resource_subscription(device, BUTTON)

api.update_presubscriptions([{"device_id": device, "resource_paths": [BUTTON]}])
presubscriptions = [one.to_dict() for one in api.list_presubscriptions()]
api.delete_presubscriptions()
no_presubscriptions = list(api.list_presubscriptions())

api.stop_notifications()
api.config["autostart_notification_thread"] = False
api.update_webhook(os.environ["CALLBACK"], {"x-secret": "opened"})
webhook = api.get_webhook().url
queue = api.add_resource_subscription(device, BUTTON)
press(2)
called = None
while called != "2":
    api.notify_webhook_received(sys.stdin.readline())
    while not queue.empty():
        called = text(queue.get())
api.delete_webhook()

sys.stdout.write(json.dumps({
    "device": device,
    "resources": resources,
    "maker": maker,
    "light": light,
    "absent": absent,
    "notified": notified,
    "subscribed": str(subscribed),
    "subscriptions": subscriptions if isinstance(subscriptions, str) else list(subscriptions),
    "presubscriptions": presubscriptions,
    "noPresubscriptions": no_presubscriptions,
    "webhook": webhook,
    "called": called,
}) + "\n")
