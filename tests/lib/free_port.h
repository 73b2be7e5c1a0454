/*
 * free_port - a port of 127.0.0.1 that nobody listens on now; somebody may take it
 * meanwhile. Ends the process when there is none.
 */
#ifndef TESTS_LIB_FREE_PORT_H
#define TESTS_LIB_FREE_PORT_H

int free_port(void);

#endif
