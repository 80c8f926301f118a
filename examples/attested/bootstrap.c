// The smallest custom runtime: answers every event with one sentence, over the Runtime API, without a C library.
//
//   gcc -Os -static -nostdlib -ffreestanding -fno-stack-protector -fno-asynchronous-unwind-tables -s -o bootstrap bootstrap.c

typedef unsigned long word;

static long call(long number, word a, word b, word c) {
    long result;
    __asm__ volatile("syscall" : "=a"(result) : "a"(number), "D"(a), "S"(b), "d"(c) : "rcx", "r11", "memory");
    return result;
}

enum { READ = 0, WRITE = 1, CLOSE = 3, SOCKET = 41, CONNECT = 42, EXIT = 60 };

static word length(const char *text) {
    word count = 0;
    while (text[count]) count++;
    return count;
}

static int begins(const char *text, const char *with) {
    while (*with) if (*text++ != *with++) return 0;
    return 1;
}

static char *add(char *to, const char *text) {
    while (*text) *to++ = *text++;
    *to = 0;
    return to;
}

static char answer[65536], request[1024], id[128];

// `a.b.c.d:port`, as Lambda writes it, to the socket address that the kernel wants.
static int dial(const char *host) {
    unsigned char address[16] = {2};
    unsigned part = 0, index = 4;
    for (; *host && *host != ':'; host++) {
        if (*host == '.') { address[index++] = part; part = 0; } else part = part * 10 + (*host - '0');
    }
    address[index] = part;
    for (part = 0; *host && *++host;) part = part * 10 + (*host - '0');
    address[2] = part >> 8;
    address[3] = part;
    int socket = call(SOCKET, 2, 1, 0);
    return call(CONNECT, socket, (word)address, 16) == 0 ? socket : -1;
}

// Sends the request and keeps the beginning of the answer.
static int exchange(const char *host) {
    int socket = dial(host);
    if (socket < 0) return 0;
    call(WRITE, socket, (word)request, length(request));
    long have = 0, more;
    while (have < (long)sizeof answer - 1 && (more = call(READ, socket, (word)answer + have, sizeof answer - 1 - have)) > 0)
        have += more;
    answer[have] = 0;
    call(CLOSE, socket, 0, 0);
    return have > 0;
}

static int next(const char *host) {
    add(add(add(request, "GET /2018-06-01/runtime/invocation/next HTTP/1.1\r\nHost: "), host), "\r\nConnection: close\r\n\r\n");
    if (!exchange(host)) return 0;
    for (char *at = answer; *at; at++) {
        if (!begins(at, "Lambda-Runtime-Aws-Request-Id: ")) continue;
        char *from = at + 31;
        word count = 0;
        while (from[count] > ' ' && count < sizeof id - 1) { id[count] = from[count]; count++; }
        id[count] = 0;
        return 1;
    }
    return 0;
}

static void respond(const char *host) {
    char *at = add(add(add(request, "POST /2018-06-01/runtime/invocation/"), id), "/response HTTP/1.1\r\nHost: ");
    add(add(at, host), "\r\nConnection: close\r\nContent-Length: 20\r\n\r\n\"aboard AWS Lambda!\"");
    exchange(host);
}

__attribute__((used)) static void run(word *stack) {
    char **variable = (char **)(stack + stack[0] + 2);
    const char *host = 0;
    for (; *variable; variable++)
        if (begins(*variable, "AWS_LAMBDA_RUNTIME_API=")) host = *variable + 23;
    if (!host) call(EXIT, 1, 0, 0);
    while (next(host)) respond(host);
    call(EXIT, 1, 0, 0);
}

__asm__(".globl _start\n_start:\n  mov %rsp, %rdi\n  and $-16, %rsp\n  call run\n");
