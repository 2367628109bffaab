"""The device directory by mbed-cloud-sdk, both of its layers; prints one JSON object of what came back.

Environment: MBED_CLOUD_SDK_HOST, MBED_CLOUD_SDK_API_KEY, DEVICE (id of a registered device), CERTIFICATE (that denied one).
"""

import datetime
import json
import os
import sys
import time

from mbed_cloud import SDK, ApiFilter, ConnectAPI, DeviceDirectoryAPI, EnrollmentAPI

device_id = os.environ["DEVICE"]


def identity(number):
    return "A-" + ":".join(("%064x" % number)[i:i + 2] for i in range(0, 64, 2)).upper()


def failure(work):
    try:
        work()
    except Exception as error:  # the layers raise different classes
        status = getattr(error, "status", None) or getattr(error, "status_code", None)
        return {"name": type(error).__name__, "status": status}
    return "nothing failed"


def legacy():
    directory = DeviceDirectoryAPI()
    made = directory.add_device(
        mechanism="connector",
        certificate_fingerprint="ab" * 32,
        name="py-legacy",
        certificate_issuer_id="someone",
        custom_attributes={"site": "north"},
        device_execution_mode=1,
    )
    read = directory.get_device(made.id)
    changed = directory.update_device(made.id, name="py-legacy-2", custom_attributes={"site": "south"})
    since = datetime.datetime(2020, 1, 1)
    listed = {
        "all": [one.name for one in directory.list_devices(order="desc")],
        "state": [one.id for one in directory.list_devices(filter={"state": "registered"})],
        "attribute": [one.name for one in directory.list_devices(filter={"custom_attributes": {"site": "south"}, "created_at": {"$gte": since}})],
        "none": [one.name for one in directory.list_devices(filter={"created_at": {"$lte": since}})],
        "limit": [one.name for one in directory.list_devices(order="asc", limit=2)],
        "connected": [one.id for one in ConnectAPI().list_connected_devices()],
    }
    counted = directory.list_devices().count()
    query = directory.add_query("py-legacy", {"state": {"$eq": "registered"}, "custom_attributes": {"site": {"$neq": "x"}}})
    renamed = directory.update_query(query.id, name="py-legacy-2")
    replaced = directory.update_query(query.id, name="py-legacy-3", filter={"name": {"$eq": "a"}})
    queries = [one.name for one in directory.list_queries()]
    directory.delete_query(query.id)
    events = [one.description for one in directory.list_device_events(filter={"device_id": device_id})]
    event = directory.list_device_events(filter={"device_id": device_id, "event_type": "update.device.device-created"}).first()
    one_event = directory.get_device_event(event.id)
    directory.delete_device(made.id)
    kept = failure(lambda: directory.delete_device(device_id))
    gone = failure(lambda: directory.get_device(made.id))

    enrollment = EnrollmentAPI()
    claim = enrollment.add_enrollment_claim(claim_id=identity(1))
    again = failure(lambda: enrollment.add_enrollment_claim(claim_id=identity(1)))
    claims = [one.claim_id for one in enrollment.list_enrollment_claims()]
    file_name = "claims.csv"
    with open(file_name, "w") as handle:
        handle.write("identity,note\n%s,new\n%s,there\n" % (identity(2), identity(1)))
    bulk = enrollment.bulk_add_enrollment_claim(file_name)
    for _ in range(100):
        bulk = enrollment.get_bulk_add_enrollment_claim_status(bulk.id)
        if bulk.status == "completed":
            break
        time.sleep(0.05)
    enrollment.delete_enrollment_claim(claim.id)
    metrics = ConnectAPI().list_metrics(period="1d", interval="1d", include=["full_registrations", "failed_bootstraps"])
    return {
        "device": {"name": read.name, "attributes": read.custom_attributes, "mode": read.device_execution_mode, "state": read.state, "key": read.certificate_fingerprint, "created": type(read.created_at).__name__},
        "changed": {"name": changed.name, "attributes": changed.custom_attributes},
        "listed": listed,
        "counted": counted,
        "query": query.filter,
        "queries": [renamed.name, renamed.filter == query.filter, replaced.filter, queries],
        "events": events,
        "event": {"type": one_event.event_type, "state_change": one_event.state_change, "device": one_event.device_id == device_id, "date": type(one_event.date_time).__name__},
        "kept": kept,
        "gone": gone,
        "again": again,
        "claims": [len(claims), claims[0] == identity(1)],
        "bulk": [bulk.status, bulk.total_count, bulk.processed_count, bulk.errors_count],
        "metrics": [[one.full_registrations, one.failed_bootstraps] for one in metrics][-1],
    }


def foundation():
    entities = SDK().foundation
    device = entities.device(name="py-foundation", custom_attributes={"site": "west"}, device_execution_mode=1).create()
    device.description = "on the roof"
    device.update()
    read = entities.device(id=device.id).read()

    def filtered(**parts):
        api_filter = ApiFilter()
        for field, (operator, value) in parts.items():
            api_filter.add_filter(field, operator, value)
        return [one.name for one in entities.device().list(filter=api_filter, order="DESC", include="total_count")]

    by_attribute = ApiFilter({"custom_attributes": {"site": "west"}})
    lists = {
        "state": filtered(state=("in", ["registered", "bootstrapped"])),
        "name": filtered(name=("eq", "py-foundation"), created_at=("gte", datetime.datetime(2020, 1, 1))),
        "attribute": [one.name for one in entities.device().list(filter=by_attribute)],
        "others": filtered(name=("neq", "py-foundation")),
    }
    group = entities.device_group(name="py", description="d", custom_attributes={"level": "1"}).create()
    device.add_to_group(device_group_id=group.id)
    group.add_device(device_id=device_id)
    members = [one.id for one in group.devices()]
    counted = entities.device_group(id=group.id).read().devices_count
    group.remove_device(device_id=device_id)
    device.remove_from_group(device_group_id=group.id)
    group.name = "py-2"
    group.update()
    groups = [(one.name, one.devices_count) for one in entities.device_group().list()]
    group.delete()
    events_filter = ApiFilter({"device_id": {"eq": device_id}})
    events = [(one.event_type, one.state_change) for one in entities.device_events().list(filter=events_filter)]
    renewal = failure(lambda: device.renew_certificate("customer.dlms"))

    claim = entities.device_enrollment(enrollment_identity=identity(11)).create()
    with open("claims-2.csv", "w") as handle:
        handle.write("identity\n%s\n%s\nwrong\n" % (identity(12), identity(11)))
    with open("claims-2.csv", "rb") as handle:
        bulk = entities.device_enrollment_bulk_create().create(enrollment_identities=handle)
    for _ in range(100):
        bulk.read()
        if bulk.status == "completed":
            break
        time.sleep(0.05)
    report = bulk.download_full_report_file().read()
    errors = bulk.download_errors_report_file().read()
    with open("claims-2.csv", "rb") as handle:
        deleted = entities.device_enrollment_bulk_delete().delete(enrollment_identities=handle)
    for _ in range(100):
        deleted.read()
        if deleted.status == "completed":
            break
        time.sleep(0.05)
    left = len(list(entities.device_enrollment().list()))
    denials_filter = ApiFilter({"trusted_certificate_id": {"eq": os.environ["CERTIFICATE"]}})
    denials = [(one.endpoint_name, one.trusted_certificate_id == os.environ["CERTIFICATE"]) for one in entities.device_enrollment_denial().list(filter=denials_filter)]
    key = entities.pre_shared_key(id="my-endpoint-0001")
    key.create(secret_hex="4a" * 16)
    keys = [one.endpoint_name for one in entities.pre_shared_key().list()]
    key_read = entities.pre_shared_key(id="my-endpoint-0001").read()
    key.delete()
    key_gone = failure(lambda: entities.pre_shared_key(id="my-endpoint-0001").read())
    device.delete()
    gone = failure(lambda: entities.device(id=device.id).read())
    return {
        "device": {"name": read.name, "description": read.description, "attributes": read.custom_attributes, "state": read.state, "created": type(read.created_at).__name__, "boot": read.bootstrapped_timestamp is None},
        "lists": lists,
        "group": {"members": len(members), "counted": counted, "groups": groups},
        "events": events,
        "renewal": renewal,
        "bulk": [bulk.status, bulk.total_count, bulk.errors_count, len(report.splitlines()), len(errors.splitlines())],
        "deleted": [deleted.status, deleted.errors_count, left],
        "denials": denials,
        "keys": [keys, key_read.endpoint_name, key_gone],
        "gone": gone,
        "claim": claim.enrolled_device_id,
    }


sys.stdout.write(json.dumps({"legacy": legacy, "foundation": foundation}[sys.argv[1]]()))
