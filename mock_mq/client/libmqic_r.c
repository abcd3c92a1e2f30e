/*
 * libmqic_r.so: what pymqi is linked with. The MQI itself is in libmqm_r.so (see library.py), which is loaded
 * beside it; here is only the administration interface (MQAI), each function of which says that it is not there.
 */
#include <cmqbc.h>

static void not_supported(PMQLONG completion, PMQLONG reason) {
    *completion = MQCC_FAILED;
    *reason = MQRC_FUNCTION_NOT_SUPPORTED;
}

void mqAddByteString(MQHBAG bag, MQLONG selector, MQLONG length, PMQBYTE buffer, PMQLONG c, PMQLONG r) {
    not_supported(c, r);
}

void mqAddInquiry(MQHBAG bag, MQLONG selector, PMQLONG c, PMQLONG r) { not_supported(c, r); }

void mqAddInteger(MQHBAG bag, MQLONG selector, MQLONG value, PMQLONG c, PMQLONG r) { not_supported(c, r); }

void mqAddIntegerFilter(MQHBAG bag, MQLONG selector, MQLONG value, MQLONG operator_, PMQLONG c, PMQLONG r) {
    not_supported(c, r);
}

void mqAddString(MQHBAG bag, MQLONG selector, MQLONG length, PMQCHAR buffer, PMQLONG c, PMQLONG r) {
    not_supported(c, r);
}

void mqAddStringFilter(MQHBAG bag, MQLONG selector, MQLONG length, PMQCHAR buffer, MQLONG operator_, PMQLONG c,
                       PMQLONG r) {
    not_supported(c, r);
}

void mqCountItems(MQHBAG bag, MQLONG selector, PMQLONG count, PMQLONG c, PMQLONG r) { not_supported(c, r); }

void mqCreateBag(MQLONG options, PMQHBAG bag, PMQLONG c, PMQLONG r) {
    *bag = MQHB_UNUSABLE_HBAG;
    not_supported(c, r);
}

void mqDeleteBag(PMQHBAG bag, PMQLONG c, PMQLONG r) { not_supported(c, r); }

void mqExecute(MQHCONN connection, MQLONG command, MQHBAG options, MQHBAG admin, MQHBAG response, MQHOBJ admin_queue,
               MQHOBJ response_queue, PMQLONG c, PMQLONG r) {
    not_supported(c, r);
}

void mqInquireBag(MQHBAG bag, MQLONG selector, MQLONG index, PMQHBAG value, PMQLONG c, PMQLONG r) {
    not_supported(c, r);
}

void mqInquireByteString(MQHBAG bag, MQLONG selector, MQLONG index, MQLONG length, PMQBYTE buffer, PMQLONG actual,
                         PMQLONG c, PMQLONG r) {
    not_supported(c, r);
}

void mqInquireInteger(MQHBAG bag, MQLONG selector, MQLONG index, PMQLONG value, PMQLONG c, PMQLONG r) {
    not_supported(c, r);
}

void mqInquireItemInfo(MQHBAG bag, MQLONG selector, MQLONG index, PMQLONG out, PMQLONG type, PMQLONG c, PMQLONG r) {
    not_supported(c, r);
}

void mqInquireString(MQHBAG bag, MQLONG selector, MQLONG index, MQLONG length, PMQCHAR buffer, PMQLONG actual,
                     PMQLONG ccsid, PMQLONG c, PMQLONG r) {
    not_supported(c, r);
}
