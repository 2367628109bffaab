"""Every key and certificate call of mbed-cloud-sdk, both of its layers; prints one JSON object of what came back.

Environment: MBED_CLOUD_SDK_HOST, MBED_CLOUD_SDK_API_KEY, UPLOADS (JSON list of PEM texts).
"""

import json
import os
import sys

from mbed_cloud import SDK, AccountManagementAPI, ApiFilter, CertificatesAPI

uploads = json.loads(os.environ["UPLOADS"])


def failure(work):
    try:
        work()
    except Exception as error:  # the layers raise different classes
        status = getattr(error, "status", None) or getattr(error, "status_code", None)
        return {"name": type(error).__name__, "status": status, "reason": getattr(error, "reason", None)}
    return "nothing failed"


def legacy():
    accounts = AccountManagementAPI()
    certificates = CertificatesAPI()
    account = accounts.get_account()
    updated = accounts.update_account(city="Turku", phone_number="+358")
    made = accounts.add_api_key("py-legacy")
    read = accounts.get_api_key(made.id)
    renamed = accounts.update_api_key(made.id, name="py-legacy-2")
    others = [accounts.add_api_key("py-%d" % index) for index in range(3)]
    keys = list(accounts.list_api_keys(order="desc", limit=4))
    paged = [key.name for key in accounts.list_api_keys(page_size=2)]
    by_owner = [key.name for key in accounts.list_api_keys(filter={"owner_id": made.owner_id})]
    counted = accounts.list_api_keys().count()
    for key in [made] + others:
        accounts.delete_api_key(key.id)
    gone = failure(lambda: accounts.get_api_key(made.id))

    developer = certificates.add_developer_certificate("py-legacy-dev", description="from Python")
    again = failure(lambda: certificates.add_developer_certificate("py-legacy-dev"))
    uploaded = certificates.add_certificate("py-legacy-ca", "lwm2m", uploads[0], signature="c2ln", description="up")
    boot = certificates.add_certificate("py-legacy-boot", "bootstrap", uploads[1], enrollment_mode=True)
    read_developer = certificates.get_certificate(developer.id)
    read_uploaded = certificates.get_certificate(uploaded.id)
    listed = {
        "all": [one.name for one in certificates.list_certificates()],
        "developer": [one.name for one in certificates.list_certificates(filter={"type": "developer"})],
        "lwm2m": [one.name for one in certificates.list_certificates(filter={"type": "lwm2m"})],
        "bootstrap": [one.name for one in certificates.list_certificates(filter={"type": "bootstrap"})],
    }
    changed = certificates.update_certificate(uploaded.id, name="py-legacy-ca-2", status="INACTIVE")
    metadata = certificates.get_last_api_metadata()
    for one in (developer, uploaded, boot):
        certificates.delete_certificate(one.id)
    refused = failure(lambda: AccountManagementAPI({"api_key": "ak_wrong"}).get_account())
    return {
        "account": {"id": account.id, "status": account.status, "city": updated.city, "limits": len(account.limits), "policies": len(account.policies), "created": str(account.created_at)},
        "key": {"made": len(made.key), "read": len(read.key), "name": renamed.name, "status": read.status},
        "keys": [key.name for key in keys],
        "paged": paged,
        "byOwner": sorted(by_owner),
        "counted": counted,
        "gone": gone,
        "developer": {"file": read_developer.header_file, "type": read_developer.type, "same": read_developer.header_file == developer.header_file, "mode": read_developer.device_mode, "validity": str(read_developer.validity), "subject": read_developer.subject},
        "again": again,
        "uploaded": {"type": read_uploaded.type, "uri": read_uploaded.server_uri, "issuer": read_uploaded.issuer, "validity": str(read_uploaded.validity)},
        "listed": listed,
        "changed": {"name": changed.name, "status": changed.status},
        "metadata": {"status": metadata.status_code, "requestId": metadata.request_id},
        "refused": refused,
    }


def foundation():
    sdk = SDK()
    entities = sdk.foundation
    account = entities.account().me()
    extended = entities.account().me(include="limits, policies")
    made = entities.api_key(name="py-foundation").create()
    secret = len(made.key)
    made.name = "py-foundation-2"
    made.update()
    read = entities.api_key(id=made.id).read()
    own = entities.api_key().me()
    others = [entities.api_key(name="py-f%d" % index).create() for index in range(3)]
    paged = [key.name for key in entities.api_key().list(page_size=2, order="DESC")]
    for key in [made] + others:
        key.delete()

    developer = entities.developer_certificate(name="py-foundation-dev", description="x").create()
    read_developer = entities.developer_certificate(id=developer.id).read()
    info = developer.get_trusted_certificate_info()
    back = info.get_developer_certificate_info()
    again = failure(lambda: entities.developer_certificate(name="py-foundation-dev").create())
    uploaded = entities.trusted_certificate(name="py-foundation-ca", certificate=uploads[0], service="bootstrap", enrollment_mode=True).create()
    uploaded.description = "y"
    uploaded.update()
    filters = {}
    for name, parts in {
        "developer": ("device_execution_mode", "eq", 1),
        "other": ("device_execution_mode", "neq", 1),
        "name": ("name", "eq", "py-foundation-ca"),
        "subject": ("subject", "like", "o=acme"),
        "enrollment": ("enrollment_mode", "eq", True),
        "valid": ("valid", "eq", True),
    }.items():
        api_filter = ApiFilter()
        api_filter.add_filter(*parts)
        filters[name] = [one.name for one in entities.trusted_certificate().list(filter=api_filter)]
    bootstrap = entities.server_credentials().get_bootstrap()
    lwm2m = entities.server_credentials().get_lwm2m()
    validity = info.validity
    uploaded.delete()
    developer.delete()
    gone = failure(lambda: entities.developer_certificate(id=developer.id).read())
    return {
        "account": {"id": account.id, "limits": len(extended.limits or {}), "policies": len(extended.policies or []), "created": str(account.created_at)},
        "key": {"made": secret, "read": len(read.key), "renamed": read.name, "own": own.name},
        "paged": paged,
        "developer": {"file": read_developer.security_file_content, "same": read_developer.security_file_content == developer.security_file_content},
        "info": {"name": info.name, "mode": info.device_execution_mode, "is": info.is_developer_certificate, "valid": info.valid, "validity": str(validity), "back": back.name},
        "again": again,
        "changed": uploaded.description,
        "filters": filters,
        "uris": [bootstrap.server_uri, lwm2m.server_uri],
        "gone": gone,
    }


sys.stdout.write(json.dumps({"legacy": legacy, "foundation": foundation}[sys.argv[1]]()))
