//// name, message, code
const e = new DOMException('m', 'AbortError'); return [e.name, e.message, e.code, String(e)];
//// defaults
const e = new DOMException(); return [e.name, e.message, e.code];
//// unknown name
return new DOMException('m', 'MyError').code;
//// is an Error
const e = new DOMException('m'); return [e instanceof Error, typeof e.stack, Object.prototype.toString.call(e)];
//// codes
return ['NotFoundError', 'NotSupportedError', 'InvalidStateError', 'SyntaxError', 'TimeoutError', 'DataCloneError', 'QuotaExceededError', 'DataError'].map((n) => new DOMException('', n).code);
//// constants
return [DOMException.ABORT_ERR, DOMException.DATA_CLONE_ERR, new DOMException().TIMEOUT_ERR];
//// thrown and caught
try { throw new DOMException('x', 'NotFoundError'); } catch (e) { return e.name; }
