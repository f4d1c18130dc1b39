/** A `sitecustomize.py`, which Python loads first: a program that goes by no proxy, as hatch, goes through the sandbox's. */
export const throughProxy = `
import os, socket
from urllib.parse import urlsplit
connect = socket.create_connection
def through_proxy(address, *args, **kwargs):
    proxy = urlsplit(os.environ["HTTPS_PROXY"])
    connection = connect((proxy.hostname, proxy.port))
    if address[1] == 80: return connection
    connection.sendall(f"CONNECT {address[0]}:{address[1]} HTTP/1.1\\r\\nhost: {address[0]}\\r\\n\\r\\n".encode())
    head = b""
    while not head.endswith(b"\\r\\n\\r\\n"): head += connection.recv(1)
    return connection
socket.create_connection = through_proxy
`;
