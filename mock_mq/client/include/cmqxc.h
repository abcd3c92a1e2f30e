/* The channel definition (MQCD), for programs that name their channel themselves. See cmqc.h for what this is. */
#ifndef CMQXC_H
#define CMQXC_H

#include <cmqc.h>

#define MQCD_VERSION_11 11

typedef struct tagMQCD {
    MQCHAR ChannelName[20];
    MQLONG Version;
    MQLONG ChannelType;
    MQLONG TransportType;
    MQCHAR Desc[64];
    MQCHAR QMgrName[48];
    MQCHAR XmitQName[48];
    MQCHAR ShortConnectionName[20];
    MQCHAR MCAName[20];
    MQCHAR ModeName[8];
    MQCHAR TpName[64];
    MQLONG BatchSize;
    MQLONG DiscInterval;
    MQLONG ShortRetryCount;
    MQLONG ShortRetryInterval;
    MQLONG LongRetryCount;
    MQLONG LongRetryInterval;
    MQCHAR SecurityExit[128];
    MQCHAR MsgExit[128];
    MQCHAR SendExit[128];
    MQCHAR ReceiveExit[128];
    MQLONG SeqNumberWrap;
    MQLONG MaxMsgLength;
    MQLONG PutAuthority;
    MQLONG DataConversion;
    MQCHAR SecurityUserData[32];
    MQCHAR MsgUserData[32];
    MQCHAR SendUserData[32];
    MQCHAR ReceiveUserData[32];
    MQCHAR UserIdentifier[12];
    MQCHAR Password[12];
    MQCHAR MCAUserIdentifier[12];
    MQLONG MCAType;
    MQCHAR ConnectionName[264];
    MQCHAR RemoteUserIdentifier[12];
    MQCHAR RemotePassword[12];
    MQCHAR MsgRetryExit[128];
    MQCHAR MsgRetryUserData[32];
    MQLONG MsgRetryCount;
    MQLONG MsgRetryInterval;
    MQLONG HeartbeatInterval;
    MQLONG BatchInterval;
    MQLONG NonPersistentMsgSpeed;
    MQLONG StrucLength;
    MQLONG ExitNameLength;
    MQLONG ExitDataLength;
    MQLONG MsgExitsDefined;
    MQLONG SendExitsDefined;
    MQLONG ReceiveExitsDefined;
    MQPTR MsgExitPtr;
    MQPTR MsgUserDataPtr;
    MQPTR SendExitPtr;
    MQPTR SendUserDataPtr;
    MQPTR ReceiveExitPtr;
    MQPTR ReceiveUserDataPtr;
    MQPTR ClusterPtr;
    MQLONG ClustersDefined;
    MQLONG NetworkPriority;
    MQLONG LongMCAUserIdLength;
    MQLONG LongRemoteUserIdLength;
    MQPTR LongMCAUserIdPtr;
    MQPTR LongRemoteUserIdPtr;
    MQBYTE MCASecurityId[40];
    MQBYTE RemoteSecurityId[40];
    MQCHAR SSLCipherSpec[32];
    MQPTR SSLPeerNamePtr;
    MQLONG SSLPeerNameLength;
    MQLONG SSLClientAuth;
    MQLONG KeepAliveInterval;
    MQCHAR LocalAddress[48];
    MQLONG BatchHeartbeat;
    MQLONG HdrCompList[2];
    MQLONG MsgCompList[16];
    MQLONG CLWLChannelRank;
    MQLONG CLWLChannelPriority;
    MQLONG CLWLChannelWeight;
    MQLONG ChannelMonitoring;
    MQLONG ChannelStatistics;
    MQLONG SharingConversations;
    MQLONG PropertyControl;
    MQLONG MaxInstances;
    MQLONG MaxInstancesPerClient;
    MQLONG ClientChannelWeight;
    MQLONG ConnectionAffinity;
    MQLONG BatchDataLimit;
    MQLONG UseDLQ;
    MQLONG DefReconnect;
    MQCHAR CertificateLabel[64];
    MQLONG SPLProtection;
} MQCD;
typedef MQCD *PMQCD;
#define MQCD_CURRENT_LENGTH ((MQLONG)sizeof(MQCD))

#endif
