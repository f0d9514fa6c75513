"""Signs and verifies with PyKCS11: client.py MODULE. Prints one line for each thing that it found."""
import sys

from PyKCS11 import (CKA_CLASS, CKA_EC_POINT, CKA_LABEL, CKA_SENSITIVE, CKA_VALUE, CKF_RW_SESSION, CKF_SERIAL_SESSION, CKM_ECDSA_SHA256,
                     CKM_SHA256, CKO_PRIVATE_KEY, CKO_PUBLIC_KEY, Mechanism, PyKCS11Lib)

library = PyKCS11Lib()
library.load(sys.argv[1])
slot = next(slot for slot in library.getSlotList(tokenPresent=True)
            if library.getTokenInfo(slot).label.strip() == "sealring keys")
session = library.openSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION)
session.login(None)  # the user is asked
[private] = session.findObjects([(CKA_CLASS, CKO_PRIVATE_KEY), (CKA_LABEL, "Work")])
[public] = session.findObjects([(CKA_CLASS, CKO_PUBLIC_KEY), (CKA_LABEL, "Work")])
sensitive, value = session.getAttributeValue(private, [CKA_SENSITIVE, CKA_VALUE])
print("sensitive:", sensitive, value)
print("point:", len(session.getAttributeValue(public, [CKA_EC_POINT])[0]))
signature = session.sign(private, b"What is signed.", Mechanism(CKM_ECDSA_SHA256))
print("signature:", len(signature), session.verify(public, b"What is signed.", signature, Mechanism(CKM_ECDSA_SHA256)))
print("changed:", session.verify(public, b"What is not signed.", signature, Mechanism(CKM_ECDSA_SHA256)))
print("digest:", bytes(session.digest(b"abc", Mechanism(CKM_SHA256))).hex())
session.logout()
session.closeSession()
