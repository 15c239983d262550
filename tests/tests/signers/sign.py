"""Sends one request to a bridge, signed by the PyPI package `http-message-signatures`, and prints status and body.

Usage: sign.py URL USER SECRET METHOD TARGET [BODY]
"""

import http.client
import secrets
import sys
import urllib.parse

from http_message_signatures import HTTPMessageSigner, HTTPSignatureKeyResolver, algorithms


class Keys(HTTPSignatureKeyResolver):
    def __init__(self, secret):
        self.secret = secret.encode()

    def resolve_private_key(self, key_id):
        return self.secret

    def resolve_public_key(self, key_id):
        return self.secret


class Request:
    def __init__(self, method, url, headers):
        self.method, self.url, self.headers = method, url, headers


def main(url, user, secret, method, target, body=None):
    address = urllib.parse.urlsplit(url)
    content = None if body is None else body.encode()
    headers, covered = {"Host": address.netloc}, ["@method", "@target-uri"]
    if "?" in target:
        covered.append("@query")
    if content is not None:
        headers["Content-Type"] = "application/json"
        covered.append("content-type")
    request = Request(method, url + target, headers)
    signer = HTTPMessageSigner(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Keys(secret))
    signer.sign(
        request,
        key_id=user,
        nonce=secrets.token_hex(16),
        label="python",
        covered_component_ids=covered,
        body=content,
    )
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=60)
    connection.request(method, target, body=content, headers=dict(request.headers))
    answer = connection.getresponse()
    print(answer.status, answer.read().decode())


main(*sys.argv[1:])
