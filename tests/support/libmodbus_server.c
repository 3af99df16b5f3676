/* A server of libmodbus with functions 3, 4, 6, 16 and 23: register n holds n until it is written.

   libmodbus_server tcp UNIT          prints the port that the system chose
   libmodbus_server rtu UNIT DEVICE   prints the device once it is open; of /dev/ptmx, which makes
                                      a new pseudo-terminal, the end that is left for a host

   It has no timer for 3.5 characters: it counts a request off byte by byte, and gives up half of
   one after 0.5 s without a byte. */

#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <modbus.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REGISTERS = 0x0700, BAUDRATE = 115200 };

/* Milliseconds by which the next answer is held back, once. */
enum { LATE_MS = REGISTERS - 1 };

static void fail(const char *what)
{
    fprintf(stderr, "libmodbus_server: %s: %s\n", what, modbus_strerror(errno));
    exit(1);
}

static modbus_mapping_t *numbered_registers(void)
{
    modbus_mapping_t *mapping = modbus_mapping_new(0, 0, REGISTERS, 0);
    if (mapping == NULL)
        fail("registers");
    for (int at = 0; at < LATE_MS; at++)
        mapping->tab_registers[at] = (uint16_t) at;
    /* Function 4 shows the same ones; the process ends without freeing either. */
    mapping->nb_input_registers = REGISTERS;
    mapping->tab_input_registers = mapping->tab_registers;
    return mapping;
}

/* Serve until the connection ends. What is no request is passed over, as long as bytes come. */
static void serve(modbus_t *modbus, modbus_mapping_t *mapping)
{
    uint8_t request[MODBUS_MAX_ADU_LENGTH];
    for (;;) {
        uint16_t late_ms = mapping->tab_registers[LATE_MS];
        int size = modbus_receive(modbus, request);
        if (size == -1 && (errno == EMBBADCRC || errno == ETIMEDOUT || errno == EMBBADDATA))
            continue;
        if (size == -1)
            return;
        if (size > 0 && late_ms > 0) {
            mapping->tab_registers[LATE_MS] = 0;
            usleep(late_ms * 1000u);
        }
        if (size > 0)
            modbus_reply(modbus, request, size, mapping);
    }
}

static void serve_tcp(int unit)
{
    modbus_mapping_t *mapping = numbered_registers();
    modbus_t *modbus = modbus_new_tcp("127.0.0.1", 0);
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    if (modbus == NULL || modbus_set_slave(modbus, unit) == -1)
        fail("connection");
    int listening = modbus_tcp_listen(modbus, 1);
    if (listening == -1 || getsockname(listening, (struct sockaddr *) &address, &size) == -1)
        fail("listening");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
    while (modbus_tcp_accept(modbus, &listening) != -1) {
        serve(modbus, mapping);
        modbus_close(modbus);
    }
    fail("accepting");
}

/* Stays open here as well: without anybody at it, reading the first end fails. */
static const char *other_end(int first)
{
    const char *device = unlockpt(first) == 0 ? ptsname(first) : NULL;
    if (device == NULL || open(device, O_RDWR | O_NOCTTY) == -1)
        fail("pseudo-terminal");
    return device;
}

static void serve_rtu(int unit, const char *device)
{
    modbus_t *modbus = modbus_new_rtu(device, BAUDRATE, 'N', 8, 1);
    if (modbus == NULL || modbus_set_slave(modbus, unit) == -1 || modbus_connect(modbus) == -1)
        fail(device);
    if (strcmp(device, "/dev/ptmx") == 0)
        device = other_end(modbus_get_socket(modbus));
    printf("%s\n", device);
    fflush(stdout);
    serve(modbus, numbered_registers());
    fail(device);
}

int main(int count, char **arguments)
{
    if (count == 3 && strcmp(arguments[1], "tcp") == 0)
        serve_tcp(atoi(arguments[2]));
    else if (count == 4 && strcmp(arguments[1], "rtu") == 0)
        serve_rtu(atoi(arguments[2]), arguments[3]);
    fprintf(stderr, "libmodbus_server tcp UNIT, or rtu UNIT DEVICE\n");
    return 2;
}
