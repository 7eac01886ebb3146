
/*
 * A worker that is killed, at every single step: a process makes one change
 * and is stopped after each instruction.  Whenever that one has written to the
 * zone, all is looked at as if the process had died there; then it goes on.
 */


#ifndef _WALK_H_INCLUDED_
#define _WALK_H_INCLUDED_


#include "bare.h"


/*
 * The number of states that the zone goes through.  In each of them look is
 * called, as soon as the master has freed the process's lock, and whatever that
 * does is undone.  Without it (NULL) the process dies in the last one, which is
 * numbered from 1.  -1: no process can be traced here.
 */

ngx_int_t walk(void (*change)(void), void (*look)(void), ngx_uint_t last);

/*
 * A process that prepares itself, works, and says that it has done so; that is
 * stopped once, after so many instructions of its work, for meanwhile(), and
 * then goes on.  What done() has returned (below 100); -1: it had done its work
 * before that, or no process can be traced here.
 */

ngx_int_t overtake(void (*work)(void), ngx_int_t (*done)(void),
    ngx_uint_t steps, void (*meanwhile)(void));

/* the process, while it is looked at */

extern ngx_pid_t  walker;


#endif /* _WALK_H_INCLUDED_ */
