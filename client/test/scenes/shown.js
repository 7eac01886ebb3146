/* What a page shows, in one line. */

function part({
  type, text, state, url, mediaType, data, toolName, input, output, errorText, approval,
}) {
  const name = toolName ?? type.replace(/^(tool|data)-/, '');

  switch (type.split('-')[0]) {
    case 'text': return state === 'streaming' ? `${text}…` : text;
    case 'reasoning': return `(${text})`;
    case 'source': return `[${url ?? mediaType}]`;
    case 'file': return `<${mediaType}>`;
    case 'data': return `${name} ${JSON.stringify(data)}`;
    case 'tool':
    case 'dynamic': {
      const call = `${name} ${JSON.stringify(input)}`;

      switch (state) {
        case 'output-available': return `${call} = ${JSON.stringify(output)}`;
        case 'output-error': return `${call} failed: ${errorText}`;
        case 'output-denied': return `${call} denied`;
        case 'approval-responded': return `${call} ${approval.approved ? 'approved' : 'denied'}`;
        case 'approval-requested': return `${call} asks`;
        default: return call;
      }
    }
    default: return undefined;
  }
}

export function shown(status, error, messages) {
  const said = messages.map(({ parts }) =>
    parts.map(part).filter((text) => text !== undefined).join('|'));

  return [status, error && ` (${error.message})`, ': ', said.join(' / ')].filter(Boolean).join('');
}
