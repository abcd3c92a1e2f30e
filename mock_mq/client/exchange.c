/*
 * MQGET and MQPUT as most are, in C: a call goes, its reply comes, and the structures are copied as they lie. Data
 * goes from the program's memory and comes into it, however many frames it takes.
 * Python is asked where anything is out of the ordinary, and goes on with what has been received by then: see
 * library.py. As in IBM's client, other threads of a program go on meanwhile. Over TLS Python sends what is made here,
 * and receives.
 *
 * Included into the module that build.py makes; what Python does is declared there.
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
    FIRST = 0x10,
    LAST = 0x20,
    WHOLE = 0x30,
    FRAMES_AT_ONCE = 16,
    LITTLE = 2,
    PUT_OPTIONS = 128, /* MQPMO's first version */
    WAIT = 1,          /* MQGMO_WAIT */
    NOT_ASKED = -100000
};

/* A connection that one thread alone may use; `number` is its handle, 0 for none, -1 while it is made. `socket` is -1
 * where it is TLS. */
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

static uint32_t length_of(const unsigned char *frame) {
    return (uint32_t)frame[4] << 24 | (uint32_t)frame[5] << 16 | (uint32_t)frame[6] << 8 | frame[7];
}

static void put_length(unsigned char *to, uint32_t length) {
    for (int i = 0; i < 4; i++) {
        to[i] = (unsigned char)(length >> (24 - 8 * i));
    }
}

/* The headers of a frame, before `length` bytes of its body; `room` is what the reply may have beyond that. */
static void write_headers(unsigned char *to, int kind, int handle, uint32_t length, uint32_t room) {
    uint32_t frame = HEADER + API_HEADER + length, total = frame + room;
    memset(to, 0, HEADER + API_HEADER);
    memcpy(to, "TSH ", 4);
    put_length(to + 4, frame);
    put_length(to + HEADER, total);
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

/* Sends a call whose data takes several frames: `start` is what the first one has before them, its header first. */
static int send_in_frames(const struct open_connection *at, const struct iovec *start, int count, char *data, size_t left) {
    unsigned char headers[FRAMES_AT_ONCE][HEADER], *first = start->iov_base;
    struct iovec parts[8 + 2 * FRAMES_AT_ONCE];
    size_t room = (size_t)at->largest;
    int used = count;
    for (int i = 0; i < count; i++) {
        parts[i] = start[i];
        room -= start[i].iov_len;
    }
    put_length(first + 4, (uint32_t)at->largest);
    first[10] = FIRST;
    parts[used++] = (struct iovec){data, room};
    data += room, left -= room;
    for (;;) {
        for (int i = 0; i < FRAMES_AT_ONCE && left > 0; i++) {
            size_t most = (size_t)(at->largest - HEADER), here = left < most ? left : most;
            memcpy(headers[i], first, HEADER);
            put_length(headers[i] + 4, (uint32_t)(HEADER + here));
            headers[i][10] = here == left ? LAST : 0;
            parts[used++] = (struct iovec){headers[i], HEADER};
            parts[used++] = (struct iovec){data, here};
            data += here, left -= here;
        }
        int why = send_all(at, parts, used);
        if (why != 0 || left == 0) {
            return why;
        }
        used = 0;
    }
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
            uint32_t length = length_of(to);
            if (length > LARGEST || (uint32_t)have >= length) {
                return have;
            }
        }
    }
}

/* Sends a call that is one frame, and receives; as `receive` does. */
static int exchange(const struct open_connection *at, struct iovec *parts, int count, unsigned char *in) {
    if (at->socket >= 0) {
        int failed = send_all(at, parts, count);
        return failed ? -failed : receive(at, in);
    }
    char out[LARGEST];
    size_t length = 0;
    for (int i = 0; i < count; i++) {
        memcpy(out + length, parts[i].iov_base, parts[i].iov_len);
        length += parts[i].iov_len;
    }
    return pass_in_python(at->number, out, (int)length, in, LARGEST);
}

/* Whether it begins with a frame of the reply to a call, which went well; the frame's body begins with the API header. */
static int went_well(const unsigned char *frame, int have, int kind) {
    if (have < HEADER + API_HEADER || memcmp(frame, "TSH ", 4) != 0 || length_of(frame) > (uint32_t)have ||
        length_of(frame) < HEADER + API_HEADER) {
        return 0;
    }
    const unsigned char *api = frame + HEADER;
    return frame[8] == LITTLE && frame[9] == kind + REPLY && number_at(api + 4) == 0 && number_at(api + 8) == 0;
}

static int is_whole(const unsigned char *frame, int have) {
    return length_of(frame) == (uint32_t)have && frame[10] == WHOLE;
}

/* Bytes that were received beyond what was wanted then. */
struct spare {
    const unsigned char *at;
    size_t left;
};

/* Fills the parts, from what is there already and then from the connection; 0, or why that failed. */
static int fill(const struct open_connection *at, struct spare *spare, struct iovec *parts, int count) {
    while (count > 0) {
        size_t came = spare->left < parts->iov_len ? spare->left : parts->iov_len;
        if (came > 0) {
            memcpy(parts->iov_base, spare->at, came);
            spare->at += came, spare->left -= came;
        } else {
            struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};
            ssize_t read = recvmsg(at->socket, &message, MSG_DONTWAIT);
            if (read == 0) {
                return ECONNRESET;
            }
            if (read < 0) {
                int why = errno == EAGAIN || errno == EWOULDBLOCK ? wait_for(at, POLLIN) : errno;
                if (why != 0 && why != EINTR) {
                    return why;
                }
                continue;
            }
            came = (size_t)read;
        }
        while (count > 0 && came >= parts->iov_len) {
            came -= parts->iov_len;
            parts++, count--;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + came;
            parts->iov_len -= came;
        }
    }
    return 0;
}

/* The rest of a reply's data, whose first frame is there; 0, or why it did not come as it should. */
static int receive_rest(const struct open_connection *at, struct spare spare, int kind, char *to, size_t left) {
    unsigned char header[HEADER];
    struct iovec parts[2] = {{header, HEADER}};
    int why = fill(at, &spare, parts, 1);
    while (why == 0) {
        size_t here = length_of(header) - HEADER;
        if (memcmp(header, "TSH ", 4) != 0 || length_of(header) <= HEADER || length_of(header) > LARGEST || here > left ||
            header[9] != kind + REPLY || (header[10] & WHOLE) != (here == left ? LAST : 0)) {
            return EPROTO;
        }
        left -= here;
        parts[0] = (struct iovec){to, here};
        parts[1] = (struct iovec){header, HEADER}; /* the next frame's, if there is one */
        why = fill(at, &spare, parts, left > 0 ? 2 : 1);
        if (left == 0) {
            return why;
        }
        to += here;
    }
    return why;
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
    int have = exchange(at, parts, 4, in);
    const unsigned char *told = in + HEADER + API_HEADER, *body = told + md + gmo + 4;
    if (went_well(in, have, GET) && (int)length_of(in) >= (int)(body - in) && same_version(descriptor, told) &&
        same_version(options, told + md)) {
        int whole = number_at(body - 4), here = (int)(length_of(in) - (body - in));
        int in_frames = at->socket >= 0 && in[10] == FIRST && here < whole && whole <= length;
        if (in_frames) {
            memcpy(buffer, body, (size_t)here);
            struct spare spare = {in + length_of(in), (size_t)have - length_of(in)};
            int why = receive_rest(at, spare, GET, (char *)buffer + here, (size_t)(whole - here));
            if (why != 0) {
                get_in_python(connection, handle, descriptor, options, length, buffer, data_length, NULL, -why, completion,
                              reason);
                return;
            }
        } else if (is_whole(in, have) && whole == here && here <= length) {
            if (here > 0) {
                memcpy(buffer, body, (size_t)here);
            }
        } else {
            get_in_python(connection, handle, descriptor, options, length, buffer, data_length, in, have, completion,
                          reason);
            return;
        }
        memcpy(descriptor, told, (size_t)md);
        /* Options and MatchOptions stay as they were asked. */
        memcpy((char *)options + 12, told + md + 12, 60);
        if (gmo > 76) {
            memcpy((char *)options + 76, told + md + 76, (size_t)(gmo - 76));
        }
        *data_length = whole;
        *completion = *reason = 0;
        return;
    }
    get_in_python(connection, handle, descriptor, options, length, buffer, data_length, in, have, completion, reason);
}

/* The most data that an MQPUT has in one frame. */
static int one_frame(const struct open_connection *at, int md) {
    return at->largest - HEADER - API_HEADER - md - PUT_OPTIONS - 4;
}

void MQPUT(int connection, int handle, void *descriptor, void *options, int length, void *buffer, int *completion,
           int *reason) {
    struct open_connection *at = connection_for_this_thread(connection);
    int md = descriptor_length(descriptor);
    if (at == NULL || md == 0 || options == NULL || memcmp(options, "PMO ", 4) != 0 || number_at((char *)options + 4) != 1 ||
        length < 0 || (length > 0 && buffer == NULL) || !is_little() ||
        (at->socket < 0 && length > one_frame(at, md))) {
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
    int have;
    if (length <= one_frame(at, md)) {
        have = exchange(at, parts, length > 0 ? 5 : 4, in);
    } else {
        int failed = send_in_frames(at, parts, 4, buffer, (size_t)length);
        have = failed ? -failed : receive(at, in);
    }
    unsigned char *told = in + HEADER + API_HEADER;
    if (have >= HEADER + API_HEADER + md + PUT_OPTIONS && went_well(in, have, PUT) && is_whole(in, have) &&
        same_version(descriptor, told) && same_version(options, told + md)) {
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
