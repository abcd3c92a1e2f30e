"""Builds `_standin`, the shared object that answers as libmqm_r.so: C's side of the MQI, Python's behind it.

Run by setup.py. The MQI's functions are callbacks into `mock_mq.client.library`, but MQGET and MQPUT are in
`exchange.c`, and call back where they do not go on by themselves.
"""

from __future__ import annotations

from pathlib import Path

from cffi import FFI

INCLUDE = Path(__file__).parent / "include"

_STRUCTURES = """
typedef struct { void *VSPtr; int VSOffset; int VSBufSize; int VSLength; int VSCCSID; ...; } MQCHARV;
typedef struct {
    int Version; char ResolvedQName[48]; char ResolvedQMgrName[48];
    MQCHARV ObjectString; MQCHARV SelectionString; ...;
} MQOD;
typedef struct { int Version; int64_t OriginalMsgHandle; int64_t NewMsgHandle; int Action; ...; } MQPMO;
typedef struct { int ValueCCSID; ...; } MQSMPO;
typedef struct { int Options; int ReturnedEncoding; int ReturnedCCSID; MQCHARV ReturnedName; ...; } MQIMPO;
typedef struct {
    int Version; char KeyRepository[256]; char CertificateLabel[64];
    void *KeyRepoPasswordPtr; int KeyRepoPasswordOffset; int KeyRepoPasswordLength; ...;
} MQSCO;
typedef struct {
    int Version; int AuthenticationType;
    void *CSPUserIdPtr; int CSPUserIdOffset; int CSPUserIdLength;
    void *CSPPasswordPtr; int CSPPasswordOffset; int CSPPasswordLength; ...;
} MQCSP;
typedef struct {
    char StrucId[4]; int Version; int Options; int ClientConnOffset; void *ClientConnPtr;
    MQSCO *SSLConfigPtr; int SSLConfigOffset; int SecurityParmsOffset; MQCSP *SecurityParmsPtr; ...;
} MQCNO;
typedef struct {
    char ChannelName[20]; int Version; int MaxMsgLength; char ConnectionName[264]; int HeartbeatInterval;
    char SSLCipherSpec[32]; void *SSLPeerNamePtr; int SSLPeerNameLength; char CertificateLabel[64]; ...;
} MQCD;
"""

_CALLS = """
    void MQBACK(int, int *, int *);
    void MQBEGIN(int, void *, int *, int *);
    void MQCB(int, int, void *, int, void *, void *, int *, int *);
    void MQCLOSE(int, int *, int, int *, int *);
    void MQCMIT(int, int *, int *);
    void MQCONN(char *, int *, int *, int *);
    void MQCONNX(char *, MQCNO *, int *, int *, int *);
    void MQCRTMH(int, void *, int64_t *, int *, int *);
    void MQCTL(int, int, void *, int *, int *);
    void MQDISC(int *, int *, int *);
    void MQDLTMH(int, int64_t *, void *, int *, int *);
    void MQDLTMP(int, int64_t, void *, void *, int *, int *);
    void MQINQ(int, int, int, int *, int, int *, int, char *, int *, int *);
    void MQINQMP(int, int64_t, void *, void *, void *, int *, int, void *, int *, int *, int *);
    void MQOPEN(int, void *, int, int *, int *, int *);
    void MQPUT1(int, void *, void *, void *, int, void *, int *, int *);
    void MQSET(int, int, int, int *, int, int *, int, char *, int *, int *);
    void MQSETMP(int, int64_t, void *, void *, void *, int, int, void *, int *, int *);
    void MQSTAT(int, int, void *, int *, int *);
    void MQSUB(int, void *, int *, int *, int *, int *);
    void MQSUBRQ(int, int, int, void *, int *, int *);
"""

_EXCHANGE = """
    void exchange_on(int, int, int, int);
    void exchange_off(int);
"""
_IN_PYTHON = """
    void get_in_python(int, int, void *, void *, int, void *, int *, void *, int, int *, int *);
    void put_in_python(int, int, void *, void *, int, void *, void *, int, int *, int *);
    int pass_in_python(int, void *, int, void *, int);
"""

ffibuilder = FFI()
ffibuilder.cdef(
    f'{_STRUCTURES} extern "Python+C" {{ {_CALLS} }} extern "Python" {{ {_IN_PYTHON} }} {_EXCHANGE}'
)
ffibuilder.set_source(
    "mock_mq.client._standin",
    # The functions' prototypes come from the callbacks themselves.
    "#define MQ_WITHOUT_FUNCTIONS\n#define MQ_WITH_KEY_REPOSITORY_PASSWORD\n#include <cmqxc.h>\n"
    + "".join(f"static {line.strip()}\n" for line in _IN_PYTHON.strip().splitlines())
    + '#include "exchange.c"\n',
    include_dirs=[str(INCLUDE), str(INCLUDE.parent)],
    depends=[str(INCLUDE.parent / "exchange.c")],
    # ibmmq's extension module wants this name; a library that is loaded under it satisfies the loader.
    extra_link_args=["-Wl,-soname,libmqm_r.so"],
)
