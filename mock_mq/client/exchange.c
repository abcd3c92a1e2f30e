/*
 * MQGET and MQPUT as most are, in C: one frame goes, one frame comes, and the structures are copied as they lie.
 * Python is asked where anything is out of the ordinary, and goes on with what has been received by then: see
 * library.py. As in IBM's client, other threads of a program go on meanwhile.
 *
 * Included into the module that build.py makes; get_in_python and put_in_python are declared there.
 */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum {
    CONNECTIONS = 1024,
    HEADER = 28,
    API_HEADER = 16,
    LARGEST = 32768,
    GET = 0x85,
    PUT = 0x86,
    REPLY = 0x10,
    WHOLE = 0x30,
    LITTLE = 2,
    PUT_OPTIONS = 128, /* MQPMO's first version */
    WAIT = 1,          /* MQGMO_WAIT */
    NOT_ASKED = -100000
};

/* A connection of plain TCP that one thread alone may use; `number` is its handle, 0 for none, -1 while it is made. */
static struct open_connection {
    int number, socket, largest, patience;
    pthread_t thread;
} connections[CONNECTIONS];

static struct open_connection *slot(int number) { return &connections[(unsigned)number % CONNECTIONS]; }

/* From now on C may use a connection: its socket, the longest frame in bytes, and how many milliseconds it waits. */
static void exchange_on(int number, int socket, int largest, int patience) {
    struct open_connection *at = slot(number);
    if (!__sync_bool_compare_and_swap(&at->number, 0, -1)) {
        return; /* taken: Python does without */
    }
    at->socket = socket;
    at->largest = largest < LARGEST ? largest : LARGEST;
    at->patience = patience;
    at->thread = pthread_self();
    __atomic_store_n(&at->number, number, __ATOMIC_RELEASE);
}

static void exchange_off(int number) { __sync_bool_compare_and_swap(&slot(number)->number, number, 0); }

static struct open_connection *connection_for_this_thread(int number) {
    struct open_connection *at = slot(number);
    if (number <= 0 || __atomic_load_n(&at->number, __ATOMIC_ACQUIRE) != number) {
        return NULL;
    }
    return pthread_equal(at->thread, pthread_self()) ? at : NULL;
}

static int32_t number_at(const void *memory) {
    int32_t value;
    memcpy(&value, memory, sizeof value);
    return value;
}

static void put_number(void *memory, int32_t value) { memcpy(memory, &value, sizeof value); }

static int is_little(void) {
    const int32_t one = 1;
    return *(const char *)&one;
}

/* The length of an MQMD, 0 for what is none that is known. */
static int descriptor_length(const char *md) {
    if (md == NULL || memcmp(md, "MD  ", 4) != 0) {
        return 0;
    }
    return number_at(md + 4) == 1 ? 324 : number_at(md + 4) == 2 ? 364 : 0;
}

static int get_options_length(const char *gmo) {
    static const int lengths[] = {0, 72, 80, 100, 112};
    if (gmo == NULL || memcmp(gmo, "GMO ", 4) != 0) {
        return 0;
    }
    int version = number_at(gmo + 4);
    return version >= 1 && version <= 4 ? lengths[version] : 0;
}

/* The headers of a frame, before `length` bytes of its body; `room` is what the reply may have beyond that. */
static void write_headers(unsigned char *to, int kind, int handle, uint32_t length, uint32_t room) {
    uint32_t frame = HEADER + API_HEADER + length, total = frame + room;
    memset(to, 0, HEADER + API_HEADER);
    memcpy(to, "TSH ", 4);
    for (int i = 0; i < 4; i++) {
        to[4 + i] = (unsigned char)(frame >> (24 - 8 * i));
        to[HEADER + i] = (unsigned char)(total >> (24 - 8 * i));
    }
    to[8] = LITTLE;
    to[9] = (unsigned char)kind;
    to[10] = WHOLE;
    put_number(to + 20, 546);
    to[24] = 1208 & 0xff;
    to[25] = 1208 >> 8;
    put_number(to + HEADER + 12, handle);
}

static int wait_for(const struct open_connection *at, short events) {
    struct pollfd one = {at->socket, events, 0};
    int ready = poll(&one, 1, at->patience);
    return ready > 0 ? 0 : ready == 0 ? ETIMEDOUT : errno;
}

/* Sends all of it; 0, or why that failed. */
static int send_all(const struct open_connection *at, struct iovec *parts, int count) {
    while (count > 0) {
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
        ssize_t sent = sendmsg(at->socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent < 0) {
            int why = errno == EAGAIN || errno == EWOULDBLOCK ? wait_for(at, POLLOUT) : errno;
            if (why != 0 && why != EINTR) {
                return why;
            }
            continue;
        }
        while (count > 0 && (size_t)sent >= parts->iov_len) {
            sent -= (ssize_t)parts->iov_len;
            parts++, count--;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + sent;
            parts->iov_len -= (size_t)sent;
        }
    }
    return 0;
}

/* Reads until a frame is there, or something that is none; how many bytes came, or why none did, negative. */
static int receive(const struct open_connection *at, unsigned char *to) {
    int have = 0;
    for (;;) {
        ssize_t came = recv(at->socket, to + have, (size_t)(LARGEST - have), MSG_DONTWAIT);
        if (came < 0) {
            int why = errno == EAGAIN || errno == EWOULDBLOCK ? wait_for(at, POLLIN) : errno;
            if (why == EINTR) {
                return have; /* Python goes on, and has the signal handled */
            }
            if (why != 0) {
                return -why;
            }
            continue;
        }
        have += (int)came;
        if (came == 0 || have == LARGEST || (have >= 4 && memcmp(to, "TSH ", 4) != 0)) {
            return have;
        }
        if (have >= HEADER) {
            uint32_t length = (uint32_t)to[4] << 24 | (uint32_t)to[5] << 16 | (uint32_t)to[6] << 8 | to[7];
            if (length > LARGEST || (uint32_t)have >= length) {
                return have;
            }
        }
    }
}

/* Whether it is one whole frame with the reply to a call, which went well; its body begins with the API header. */
static int went_well(const unsigned char *frame, int have, int kind) {
    if (have < HEADER + API_HEADER || memcmp(frame, "TSH ", 4) != 0) {
        return 0;
    }
    uint32_t length = (uint32_t)frame[4] << 24 | (uint32_t)frame[5] << 16 | (uint32_t)frame[6] << 8 | frame[7];
    const unsigned char *api = frame + HEADER;
    return length == (uint32_t)have && frame[8] == LITTLE && frame[9] == kind + REPLY && frame[10] == WHOLE &&
           number_at(api + 4) == 0 && number_at(api + 8) == 0;
}

static int same_version(const void *asked, const void *answered) { return memcmp(asked, answered, 8) == 0; }

static int text_length(const unsigned char *field, int width) {
    int length = 0;
    while (length < width && field[length] != 0) {
        length++;
    }
    while (length > 0 && field[length - 1] == ' ') {
        length--;
    }
    return length;
}

void MQGET(int connection, int handle, void *descriptor, void *options, int length, void *buffer, int *data_length,
           int *completion, int *reason) {
    struct open_connection *at = connection_for_this_thread(connection);
    int md = descriptor_length(descriptor), gmo = get_options_length(options);
    if (at == NULL || md == 0 || gmo == 0 || length < 0 || (length > 0 && buffer == NULL) || !is_little() ||
        number_at((char *)options + 8) & WAIT || (gmo == 112 && number_at((char *)options + 104) != 0)) {
        get_in_python(connection, handle, descriptor, options, length, buffer, data_length, NULL, NOT_ASKED, completion,
                      reason);
        return;
    }
    unsigned char out[HEADER + API_HEADER], in[LARGEST], last[4];
    write_headers(out, GET, handle, (uint32_t)(md + gmo + 4), (uint32_t)length);
    put_number(last, length);
    struct iovec parts[] = {{out, sizeof out}, {descriptor, (size_t)md}, {options, (size_t)gmo}, {last, sizeof last}};
    int failed = send_all(at, parts, 4);
    int have = failed ? -failed : receive(at, in);
    const unsigned char *told = in + HEADER + API_HEADER, *body = told + md + gmo + 4;
    if (have >= (int)(body - in) && went_well(in, have, GET)) {
        int whole = number_at(body - 4), here = have - (int)(body - in);
        if (whole == here && here <= length && same_version(descriptor, told) && same_version(options, told + md)) {
            memcpy(descriptor, told, (size_t)md);
            /* Options and MatchOptions stay as they were asked. */
            memcpy((char *)options + 12, told + md + 12, 60);
            if (gmo > 76) {
                memcpy((char *)options + 76, told + md + 76, (size_t)(gmo - 76));
            }
            if (here > 0) {
                memcpy(buffer, body, (size_t)here);
            }
            *data_length = here;
            *completion = *reason = 0;
            return;
        }
    }
    get_in_python(connection, handle, descriptor, options, length, buffer, data_length, in, have, completion, reason);
}

void MQPUT(int connection, int handle, void *descriptor, void *options, int length, void *buffer, int *completion,
           int *reason) {
    struct open_connection *at = connection_for_this_thread(connection);
    int md = descriptor_length(descriptor);
    if (at == NULL || md == 0 || options == NULL || memcmp(options, "PMO ", 4) != 0 || number_at((char *)options + 4) != 1 ||
        length < 0 || (length > 0 && buffer == NULL) || !is_little() ||
        length > at->largest - HEADER - API_HEADER - md - PUT_OPTIONS - 4) {
        put_in_python(connection, handle, descriptor, options, length, buffer, NULL, NOT_ASKED, completion, reason);
        return;
    }
    unsigned char out[HEADER + API_HEADER], in[LARGEST], count[4];
    write_headers(out, PUT, handle, (uint32_t)(md + PUT_OPTIONS + 4 + length), 0);
    put_number(count, length);
    struct iovec parts[] = {{out, sizeof out},
                            {descriptor, (size_t)md},
                            {options, PUT_OPTIONS},
                            {count, sizeof count},
                            {buffer, (size_t)length}};
    int failed = send_all(at, parts, length > 0 ? 5 : 4);
    int have = failed ? -failed : receive(at, in);
    unsigned char *told = in + HEADER + API_HEADER;
    if (have >= HEADER + API_HEADER + md + PUT_OPTIONS && went_well(in, have, PUT) && same_version(descriptor, told) &&
        same_version(options, told + md)) {
        const unsigned char *asked = (unsigned char *)descriptor + 32;
        int format = text_length(told + 32, 8);
        if (format != text_length(asked, 8) || memcmp(told + 32, asked, (size_t)format) != 0) {
            memcpy(told + 24, asked - 8, 16); /* Encoding, CodedCharSetId and Format are the program's word */
        }
        memcpy(descriptor, told, (size_t)md);
        memcpy((char *)options + 8, told + md + 8, PUT_OPTIONS - 8);
        *completion = *reason = 0;
        return;
    }
    put_in_python(connection, handle, descriptor, options, length, buffer, in, have, completion, reason);
}
