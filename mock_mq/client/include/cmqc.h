/*
 * The part of the MQI that programs are built with here: types, structures, functions.
 *
 * Written for this project from the MQI reference of the IBM MQ documentation (names, numbers and the order of
 * fields are MQ's; the text is not IBM's). For Linux on 64-bit processors.
 */
#ifndef CMQC_H
#define CMQC_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MQENTRY

typedef char MQCHAR;
typedef unsigned char MQBYTE;
typedef int32_t MQLONG;
typedef int64_t MQINT64;
typedef int32_t MQINT32;
typedef int16_t MQINT16;
typedef int8_t MQINT8;
typedef float MQFLOAT32;
typedef double MQFLOAT64;
typedef MQLONG MQBOOL;
typedef void *MQPTR;
typedef MQLONG MQHCONN;
typedef MQLONG MQHOBJ;
typedef MQINT64 MQHMSG;
typedef MQCHAR *PMQCHAR;
typedef MQBYTE *PMQBYTE;
typedef MQLONG *PMQLONG;
typedef MQBOOL *PMQBOOL;
typedef MQINT64 *PMQINT64;
typedef MQINT32 *PMQINT32;
typedef MQINT16 *PMQINT16;
typedef MQINT8 *PMQINT8;
typedef MQFLOAT32 *PMQFLOAT32;
typedef MQFLOAT64 *PMQFLOAT64;
typedef void *PMQVOID;
typedef MQHCONN *PMQHCONN;
typedef MQHOBJ *PMQHOBJ;
typedef MQHMSG *PMQHMSG;

/* What this library is like: the levels tell a program which structures it may use. */
#define MQCMDL_LEVEL_500 500
#define MQCMDL_LEVEL_510 510
#define MQCMDL_LEVEL_520 520
#define MQCMDL_LEVEL_530 530
#define MQCMDL_LEVEL_600 600
#define MQCMDL_LEVEL_700 700
#define MQCMDL_LEVEL_710 710
#define MQCMDL_LEVEL_750 750
#define MQCMDL_LEVEL_800 800
#define MQCMDL_LEVEL_801 801

#define MQCC_UNKNOWN (-1)
#define MQCC_OK 0
#define MQCC_WARNING 1
#define MQCC_FAILED 2

#define MQRC_NONE 0
#define MQRC_STRING_TRUNCATED 2311
#define MQRC_FUNCTION_NOT_SUPPORTED 2298

#define MQHC_UNUSABLE_HCONN (-1)
#define MQHO_NONE 0
#define MQHO_UNUSABLE_HOBJ (-1)
#define MQHM_UNUSABLE_HMSG (-1)

#define MQCNO_NONE 0
#define MQCNO_VERSION_1 1
#define MQCNO_VERSION_2 2
#define MQCNO_VERSION_5 5
#define MQCSP_VERSION_1 1
#define MQCSP_AUTH_NONE 0
#define MQCSP_AUTH_USER_ID_AND_PWD 1
#define MQBO_NONE 0
#define MQBO_VERSION_1 1
#define MQPD_VERSION_1 1
#define MQIMPO_VERSION_1 1

#define MQIA_FIRST 1
#define MQIA_LAST 2000

#define MQTYPE_NULL 2
#define MQTYPE_BOOLEAN 4
#define MQTYPE_BYTE_STRING 8
#define MQTYPE_INT8 16
#define MQTYPE_INT16 32
#define MQTYPE_INT32 64
#define MQTYPE_INT64 128
#define MQTYPE_FLOAT32 256
#define MQTYPE_FLOAT64 512
#define MQTYPE_STRING 1024

typedef struct tagMQCHARV {
    MQPTR VSPtr;
    MQLONG VSOffset;
    MQLONG VSBufSize;
    MQLONG VSLength;
    MQLONG VSCCSID;
} MQCHARV;
#define MQCHARV_DEFAULT 0, 0, 0, 0, (-3)

typedef struct tagMQMD {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG Report;
    MQLONG MsgType;
    MQLONG Expiry;
    MQLONG Feedback;
    MQLONG Encoding;
    MQLONG CodedCharSetId;
    MQCHAR Format[8];
    MQLONG Priority;
    MQLONG Persistence;
    MQBYTE MsgId[24];
    MQBYTE CorrelId[24];
    MQLONG BackoutCount;
    MQCHAR ReplyToQ[48];
    MQCHAR ReplyToQMgr[48];
    MQCHAR UserIdentifier[12];
    MQBYTE AccountingToken[32];
    MQCHAR ApplIdentityData[32];
    MQLONG PutApplType;
    MQCHAR PutApplName[28];
    MQCHAR PutDate[8];
    MQCHAR PutTime[8];
    MQCHAR ApplOriginData[4];
    MQBYTE GroupId[24];
    MQLONG MsgSeqNumber;
    MQLONG Offset;
    MQLONG MsgFlags;
    MQLONG OriginalLength;
} MQMD;

typedef struct tagMQOD {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG ObjectType;
    MQCHAR ObjectName[48];
    MQCHAR ObjectQMgrName[48];
    MQCHAR DynamicQName[48];
    MQCHAR AlternateUserId[12];
    MQLONG RecsPresent;
    MQLONG KnownDestCount;
    MQLONG UnknownDestCount;
    MQLONG InvalidDestCount;
    MQLONG ObjectRecOffset;
    MQLONG ResponseRecOffset;
    MQPTR ObjectRecPtr;
    MQPTR ResponseRecPtr;
    MQBYTE AlternateSecurityId[40];
    MQCHAR ResolvedQName[48];
    MQCHAR ResolvedQMgrName[48];
    MQCHARV ObjectString;
    MQCHARV SelectionString;
    MQCHARV ResObjectString;
    MQLONG ResolvedType;
} MQOD;
#define MQOD_CURRENT_LENGTH ((MQLONG)sizeof(MQOD))

typedef struct tagMQPMO {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG Options;
    MQLONG Timeout;
    MQHOBJ Context;
    MQLONG KnownDestCount;
    MQLONG UnknownDestCount;
    MQLONG InvalidDestCount;
    MQCHAR ResolvedQName[48];
    MQCHAR ResolvedQMgrName[48];
    MQLONG RecsPresent;
    MQLONG PutMsgRecFields;
    MQLONG PutMsgRecOffset;
    MQLONG ResponseRecOffset;
    MQPTR PutMsgRecPtr;
    MQPTR ResponseRecPtr;
    MQHMSG OriginalMsgHandle;
    MQHMSG NewMsgHandle;
    MQLONG Action;
    MQLONG PubLevel;
} MQPMO;
#define MQPMO_CURRENT_LENGTH ((MQLONG)sizeof(MQPMO))

typedef struct tagMQGMO {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG Options;
    MQLONG WaitInterval;
    MQLONG Signal1;
    MQLONG Signal2;
    MQCHAR ResolvedQName[48];
    MQLONG MatchOptions;
    MQCHAR GroupStatus;
    MQCHAR SegmentStatus;
    MQCHAR Segmentation;
    MQCHAR Reserved1;
    MQBYTE MsgToken[16];
    MQLONG ReturnedLength;
    MQLONG Reserved2;
    MQHMSG MsgHandle;
} MQGMO;

typedef struct tagMQBO {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG Options;
} MQBO;
#define MQBO_DEFAULT {'B', 'O', ' ', ' '}, MQBO_VERSION_1, MQBO_NONE

typedef struct tagMQSCO {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQCHAR KeyRepository[256];
    MQCHAR CryptoHardware[256];
    MQLONG AuthInfoRecCount;
    MQLONG AuthInfoRecOffset;
    MQPTR AuthInfoRecPtr;
    MQLONG KeyResetCount;
    MQLONG FipsRequired;
    MQLONG EncryptionPolicySuiteB[4];
    MQLONG CertificateValPolicy;
    MQCHAR CertificateLabel[64];
#ifdef MQ_WITH_KEY_REPOSITORY_PASSWORD
    /* Version 6 (MQ 9.3). A program that checks sizes against version 5 is built without it. */
    MQPTR KeyRepoPasswordPtr;
    MQLONG KeyRepoPasswordOffset;
    MQLONG KeyRepoPasswordLength;
#endif
} MQSCO;

typedef struct tagMQCSP {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG AuthenticationType;
    MQBYTE Reserved1[4];
    MQPTR CSPUserIdPtr;
    MQLONG CSPUserIdOffset;
    MQLONG CSPUserIdLength;
    MQBYTE Reserved2[8];
    MQPTR CSPPasswordPtr;
    MQLONG CSPPasswordOffset;
    MQLONG CSPPasswordLength;
} MQCSP;
#define MQCSP_DEFAULT {'C', 'S', 'P', ' '}, MQCSP_VERSION_1, MQCSP_AUTH_NONE, {0}, 0, 0, 0, {0}, 0, 0, 0

typedef struct tagMQCNO {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG Options;
    MQLONG ClientConnOffset;
    MQPTR ClientConnPtr;
    MQBYTE ConnTag[128];
    MQSCO *SSLConfigPtr;
    MQLONG SSLConfigOffset;
    MQBYTE ConnectionId[24];
    MQLONG SecurityParmsOffset;
    MQCSP *SecurityParmsPtr;
} MQCNO;
#define MQCNO_DEFAULT {'C', 'N', 'O', ' '}, MQCNO_VERSION_1, MQCNO_NONE, 0, 0, {0}, 0, 0, {0}, 0, 0

typedef struct tagMQSD {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG Options;
    MQCHAR ObjectName[48];
    MQCHAR AlternateUserId[12];
    MQBYTE AlternateSecurityId[40];
    MQLONG SubExpiry;
    MQCHARV ObjectString;
    MQCHARV SubName;
    MQCHARV SubUserData;
    MQBYTE SubCorrelId[24];
    MQLONG PubPriority;
    MQBYTE PubAccountingToken[32];
    MQCHAR PubApplIdentityData[32];
    MQCHARV SelectionString;
    MQLONG SubLevel;
    MQCHARV ResObjectString;
} MQSD;

typedef struct tagMQSRO {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG Options;
    MQLONG NumPubs;
} MQSRO;

typedef struct tagMQCMHO {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG Options;
} MQCMHO;

typedef struct tagMQSMPO {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG Options;
    MQLONG ValueEncoding;
    MQLONG ValueCCSID;
} MQSMPO;

typedef struct tagMQIMPO {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG Options;
    MQLONG RequestedEncoding;
    MQLONG RequestedCCSID;
    MQLONG ReturnedEncoding;
    MQLONG ReturnedCCSID;
    MQLONG Reserved1;
    MQCHARV ReturnedName;
    MQCHAR TypeString[8];
} MQIMPO;
#define MQIMPO_DEFAULT {'I', 'M', 'P', 'O'}, MQIMPO_VERSION_1, 0, 546, (-3), 546, 0, 0, {MQCHARV_DEFAULT}, {0}

typedef struct tagMQPD {
    MQCHAR StrucId[4];
    MQLONG Version;
    MQLONG Options;
    MQLONG Support;
    MQLONG Context;
    MQLONG CopyOptions;
} MQPD;
#define MQPD_DEFAULT {'P', 'D', ' ', ' '}, MQPD_VERSION_1, 0, 1, 0, 22

#ifndef MQ_WITHOUT_FUNCTIONS
void MQBACK(MQHCONN, PMQLONG, PMQLONG);
void MQBEGIN(MQHCONN, PMQVOID, PMQLONG, PMQLONG);
void MQCLOSE(MQHCONN, PMQHOBJ, MQLONG, PMQLONG, PMQLONG);
void MQCMIT(MQHCONN, PMQLONG, PMQLONG);
void MQCONN(PMQCHAR, PMQHCONN, PMQLONG, PMQLONG);
void MQCONNX(PMQCHAR, MQCNO *, PMQHCONN, PMQLONG, PMQLONG);
void MQCRTMH(MQHCONN, PMQVOID, PMQHMSG, PMQLONG, PMQLONG);
void MQDISC(PMQHCONN, PMQLONG, PMQLONG);
void MQGET(MQHCONN, MQHOBJ, PMQVOID, PMQVOID, MQLONG, PMQVOID, PMQLONG, PMQLONG, PMQLONG);
void MQINQ(MQHCONN, MQHOBJ, MQLONG, PMQLONG, MQLONG, PMQLONG, MQLONG, PMQCHAR, PMQLONG, PMQLONG);
void MQINQMP(MQHCONN, MQHMSG, PMQVOID, PMQVOID, PMQVOID, PMQLONG, MQLONG, PMQVOID, PMQLONG, PMQLONG, PMQLONG);
void MQOPEN(MQHCONN, PMQVOID, MQLONG, PMQHOBJ, PMQLONG, PMQLONG);
void MQPUT(MQHCONN, MQHOBJ, PMQVOID, PMQVOID, MQLONG, PMQVOID, PMQLONG, PMQLONG);
void MQPUT1(MQHCONN, PMQVOID, PMQVOID, PMQVOID, MQLONG, PMQVOID, PMQLONG, PMQLONG);
void MQSET(MQHCONN, MQHOBJ, MQLONG, PMQLONG, MQLONG, PMQLONG, MQLONG, PMQCHAR, PMQLONG, PMQLONG);
void MQSETMP(MQHCONN, MQHMSG, PMQVOID, PMQVOID, PMQVOID, MQLONG, MQLONG, PMQVOID, PMQLONG, PMQLONG);
void MQSUB(MQHCONN, PMQVOID, PMQHOBJ, PMQHOBJ, PMQLONG, PMQLONG);
#endif

#ifdef __cplusplus
}
#endif
#endif
