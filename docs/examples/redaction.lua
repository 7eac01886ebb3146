-- A filter of an agent's answer (the dialect openai): numbers of 13 digits and
-- more, with spaces and dashes or without, are not let through.  Neither the
-- pieces that come from the network nor the agent's deltas end where a number
-- does: bytes are kept until their line is whole, and text that may go on as a
-- number until it is seen not to.  What is let through is written anew; what is
-- not understood is not let through at all, nor is an error's body.
--
-- Needs lua-cjson.

local cjson = require "cjson.safe"

local _M = {}

local function redacted(text)
    return (text:gsub("%d[%d %-]*", function (run)
        local digits, rest = run:match("^(.-)([ %-]*)$")

        if #digits:gsub("%D", "") >= 13 then
            return "[card number]" .. rest
        end
    end))
end

local function event(out, choice)
    out[#out + 1] = "data: " .. cjson.encode({ choices = { choice } }) .. "\n\n"
end

-- all that is kept back, or all but what may go on

local function text(ctx, out, all)
    local pending = ctx.pending

    if pending == "" then
        return
    end

    local keep = not all and pending:find("%d[%d %-]*$")
    local now = keep and pending:sub(1, keep - 1) or pending

    ctx.pending = keep and pending:sub(keep) or ""

    if now ~= "" then
        event(out, { index = 0, delta = { content = redacted(now) } })
    end
end

local function line(ctx, out, bytes)
    local data = bytes:match("^data: ?(.*)$")

    if not data then
        return
    end

    if data == "[DONE]" then
        text(ctx, out, true)
        out[#out + 1] = "data: [DONE]\n\n"
        return
    end

    local json = cjson.decode(data)

    if type(json) ~= "table" then
        return
    end

    local choice = type(json.choices) == "table" and json.choices[1]

    if type(choice) == "table" then
        local delta = choice.delta

        if type(delta) == "table" and type(delta.content) == "string" then
            ctx.pending = ctx.pending .. delta.content
            text(ctx, out, false)
        end

        if type(choice.finish_reason) == "string" then
            text(ctx, out, true)
            event(out, { index = 0, delta = {},
                         finish_reason = choice.finish_reason })
        end
    end

    if type(json.usage) == "table" then
        out[#out + 1] = "data: " .. cjson.encode({ usage = {
            prompt_tokens = json.usage.prompt_tokens,
            completion_tokens = json.usage.completion_tokens
        } }) .. "\n\n"
    end
end

function _M.filter()
    local ctx = ngx.ctx.redaction
    local out = {}

    if not ctx then
        ctx = { bytes = "", pending = "" }
        ngx.ctx.redaction = ctx
    end

    if ngx.status == 200 then
        local bytes = ctx.bytes .. ngx.arg[1]
        local from = 1

        while true do
            local at = bytes:find("[\r\n]", from)

            if not at then
                break
            end

            line(ctx, out, bytes:sub(from, at - 1))
            from = at + 1
        end

        ctx.bytes = bytes:sub(from)

        if ngx.arg[2] then
            line(ctx, out, ctx.bytes)
            text(ctx, out, true)
        end
    end

    ngx.arg[1] = table.concat(out)
end

return _M
