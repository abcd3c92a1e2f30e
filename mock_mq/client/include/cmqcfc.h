/* The command formats' numbers that programs are built with. See cmqc.h for what this is. */
#ifndef CMQCFC_H
#define CMQCFC_H

#include <cmqc.h>

#define MQIACF_Q_ATTRS 1002
#define MQRCCF_COMMAND_FAILED 3008

#endif
