
/*
 * A thread's history as the messages of clients.
 */


#include "unit.h"
#include "wire/ngx_thread_ws_wire.h"
#include "wire/ngx_thread_ws_wire_history.h"


static void history_test_ids(void);
static void history_test_runs(void);
static void history_test_pages(void);
static void history_test_files(void);
static void history_is(ngx_thread_ws_wire_t *wire, const char *messages,
    ngx_uint_t newest, const char *expected, const char *name);


int
main(void)
{
    history_test_ids();
    history_test_runs();
    history_test_pages();
    history_test_files();

    return unit_done();
}


static void
history_test_ids(void)
{
    ngx_str_t  run = ngx_string("r1");
    ngx_str_t  id = ngx_string("r1:user");
    ngx_str_t  other = ngx_string("r1:users");

    unit_ok(ngx_thread_ws_wire_history_is(&id, &run), "a question's");
    unit_ok(!ngx_thread_ws_wire_history_is(&run, &run), "its run's own");
    unit_ok(!ngx_thread_ws_wire_history_is(&other, &run), "another");
    unit_ok(!ngx_thread_ws_wire_history_is(&id, &id), "another's");
}


/* by a client that has no ids of its own, and one that has */

static void
history_test_runs(void)
{
    const char  *runs;

    runs = "[{'role':'user','content':'a','requestId':'r1','seq':1,"
           "'metadata':{'k':'v'}},"
           "{'role':'assistant','content':'x','requestId':'r1','seq':1,"
           "'latencyMs':5,'parts':["
           "{'type':'reasoning','redacted':'R='},"
           "{'type':'tool-call','toolCallId':'c0','name':'find','own':true},"
           "{'type':'tool-result','toolCallId':'c0','output':'no',"
           "'error':true},"
           "{'type':'tool-result','toolCallId':'c8','output':null},"
           "{'type':'text','text':'x'},{'type':'source','title':'T'},"
           "{'type':'tool-call','toolCallId':'c1','name':'n','input':{'i':1}}]},"
           "{'role':'user','content':'','requestId':'r2','seq':2,"
           "'metadata':{'messageId':'m2'},'parts':["
           "{'type':'tool-result','toolCallId':'c1','output':{'o':1}}]},"
           "{'role':'assistant','content':'y','requestId':'r2','seq':2,"
           "'parts':[{'type':'text','text':'y'},{'type':'text','text':'z'},"
           "{'type':'interrupt','interruptId':'i1','value':'?'}]}]";

    history_is(&ngx_thread_ws_wire_ai_sdk, runs, 1,
           "{'messages':["
           "{'id':'r1:user','metadata':{'k':'v','seq':1},"
           "'parts':[{'text':'a','type':'text'}],'role':'user'},"
           "{'id':'r1','metadata':{'latencyMs':5,'seq':2},'parts':["
           "{'type':'step-start'},"
           "{'errorText':'no','input':{},'providerExecuted':true,"
           "'state':'output-error','toolCallId':'c0','type':'tool-find'},"
           "{'input':{},'output':null,'providerExecuted':true,"
           "'state':'output-available','toolCallId':'c8','toolName':'tool',"
           "'type':'dynamic-tool'},"
           "{'state':'done','text':'x','type':'text'},"
           "{'mediaType':'text/plain','sourceId':'1','title':'T',"
           "'type':'source-document'},"
           "{'input':{'i':1},'output':{'o':1},'state':'output-available',"
           "'toolCallId':'c1','type':'tool-n'},"
           "{'type':'step-start'},"
           "{'state':'done','text':'y','type':'text'},"
           "{'state':'done','text':'z','type':'text'},"
           "{'approval':{'id':'i1'},'input':'?','state':'approval-requested',"
           "'toolCallId':'i1','toolName':'interrupt','type':'dynamic-tool'}],"
           "'role':'assistant'}]}", "ai-sdk");

    history_is(&ngx_thread_ws_wire_ag_ui, runs, 1,
           "{'interrupts':[{'id':'i1','metadata':{"
           "'tanstack:interruptBinding':{'generation':0,'interruptId':'i1',"
           "'interruptedRunId':'r2','kind':'generic','v':1},'value':'?'},"
           "'reason':'interrupt'}],'messages':["
           "{'content':'a','id':'r1:user','metadata':{'k':'v','seq':1},"
           "'role':'user'},"
           "{'id':'c0','metadata':{'latencyMs':5,'seq':1},'role':'assistant',"
           "'toolCalls':[{'function':{'arguments':'{}','name':'find'},"
           "'id':'c0','type':'function'}]},"
           "{'content':'no','error':'no','id':'r1:2',"
           "'metadata':{'latencyMs':5,'seq':1},'role':'tool',"
           "'toolCallId':'c0'},"
           "{'content':'null','id':'r1:3',"
           "'metadata':{'latencyMs':5,'seq':1},'role':'tool',"
           "'toolCallId':'c8'},"
           "{'content':'x','id':'r1','metadata':{'latencyMs':5,'seq':1},"
           "'role':'assistant','toolCalls':[{'function':{"
           "'arguments':'{\\'i\\':1}','name':'n'},'id':'c1',"
           "'type':'function'}]},"
           "{'content':'{\\'o\\':1}','id':'m2','metadata':{'seq':2},"
           "'role':'tool','toolCallId':'c1'},"
           "{'content':'y','id':'r2','metadata':{'seq':2},"
           "'role':'assistant'},"
           "{'content':'z','id':'r2:2','metadata':{'seq':2},"
           "'role':'assistant'}]}", "ag-ui");
}


/* what goes on with a message that is on an older page; an answered question */

static void
history_test_pages(void)
{
    const char  *runs;

    runs = "[{'role':'user','content':'','requestId':'r2','seq':2,"
           "'parts':[{'type':'answer','interruptId':'i1','value':7}]},"
           "{'role':'assistant','content':'','requestId':'r2','seq':2,'parts':["
           "{'type':'interrupt','interruptId':'i2','value':1},"
           "{'type':'interrupt','interruptId':'i3','value':2}]},"
           "{'role':'user','content':'','requestId':'r3','seq':3,'parts':["
           "{'type':'answer','interruptId':'i2','value':{'approved':false}},"
           "{'type':'answer','interruptId':'i3','value':{'approved':1}}]},"
           "{'role':'assistant','content':'','requestId':'r3','seq':3,"
           "'parts':[{'type':'interrupt','interruptId':'i3','value':2}]}]";

    history_is(&ngx_thread_ws_wire_ai_sdk, runs, 0,
           "{'messages':[{'id':'r2','metadata':{'seq':3},'parts':["
           "{'type':'step-start'},"
           "{'approval':{'approved':false,'id':'i2'},'input':1,"
           "'state':'approval-responded','toolCallId':'i2',"
           "'toolName':'interrupt','type':'dynamic-tool'},"
           "{'type':'step-start'},"
           "{'approval':{'id':'i3'},'input':2,'state':'approval-requested',"
           "'toolCallId':'i3','toolName':'interrupt','type':'dynamic-tool'}],"
           "'role':'assistant'}]}", "an older page");

    history_is(&ngx_thread_ws_wire_ag_ui, runs, 0, "{'messages':[]}",
           "... whose questions are not open");
    history_is(&ngx_thread_ws_wire_ai_sdk, "[]", 1, "{'messages':[]}",
           "nothing");
    history_is(&ngx_thread_ws_wire_ag_ui,
           "[{'role':'user','content':'a','seq':4},"
           "{'role':'assistant','content':'b','seq':4}]", 1,
           "{'messages':["
           "{'content':'a','id':'4:user','metadata':{'seq':4},'role':'user'},"
           "{'content':'b','id':'4','metadata':{'seq':4},"
           "'role':'assistant'}]}", "without names");
}


static void
history_test_files(void)
{
    const char  *runs;

    runs = "[{'role':'user','content':'t','requestId':'r1','seq':1,'parts':["
           "{'type':'image','url':'https://x/a'},"
           "{'type':'audio','url':'data:audio/wav;base64,QQ=='},"
           "{'type':'file','url':'https://x/b','filename':'f'},"
           "{'type':'text','text':'t'}]}]";

    history_is(&ngx_thread_ws_wire_ai_sdk, runs, 1,
           "{'messages':[{'id':'r1:user','metadata':{'seq':1},'parts':["
           "{'mediaType':'image/*','type':'file','url':'https://x/a'},"
           "{'mediaType':'audio/wav','type':'file',"
           "'url':'data:audio/wav;base64,QQ=='},"
           "{'filename':'f','mediaType':'*/*','type':'file',"
           "'url':'https://x/b'},"
           "{'text':'t','type':'text'}],'role':'user'}]}", "ai-sdk: files");

    history_is(&ngx_thread_ws_wire_ag_ui, runs, 1,
           "{'messages':[{'content':["
           "{'source':{'type':'url','value':'https://x/a'},'type':'image'},"
           "{'source':{'mimeType':'audio/wav','type':'data','value':'QQ=='},"
           "'type':'audio'},"
           "{'metadata':{'filename':'f'},'source':{'type':'url',"
           "'value':'https://x/b'},'type':'document'},"
           "{'text':'t','type':'text'}],'id':'r1:user',"
           "'metadata':{'seq':1},'role':'user'}]}", "ag-ui: files");
}


/* JSON with ' for " */

static void
history_is(ngx_thread_ws_wire_t *wire, const char *messages, ngx_uint_t newest,
    const char *expected, const char *name)
{
    char    *p, *text, *wanted;
    json_t  *list, *document;

    text = strdup(messages);
    wanted = strdup(expected);

    for (p = text; (p = strchr(p, '\'')) != NULL; /* void */) {
        *p = '"';
    }

    for (p = wanted; (p = strchr(p, '\'')) != NULL; /* void */) {
        *p = '"';
    }

    list = json_loads(text, 0, NULL);
    unit_ok(list != NULL, "%s: its messages", name);
    free(text);

    document = wire->history(list, newest);
    text = json_dumps(document, JSON_COMPACT|JSON_SORT_KEYS);

    unit_str((u_char *) text, text ? strlen(text) : 0, wanted, "%s", name);

    json_decref(document);
    json_decref(list);
    free(wanted);
    free(text);
}
