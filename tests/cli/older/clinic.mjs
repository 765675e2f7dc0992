// A clinic as the older Node.js server left it, as SQL on standard output. Hashes and sealed texts are made by Node's
// own crypto, in every shape that is promised to be read. The first line is a comment with what the test has to know.
import crypto from "node:crypto";

const settings = JSON.parse(process.argv[2] ?? "{}");
const plain = settings.plain ?? 600;
const key = crypto.randomBytes(32);
const id = () => crypto.randomUUID();
const text = (value) => (value === null ? "NULL" : `'${String(value).replaceAll("'", "''")}'`);
const bytes = (value) => (value === null ? "NULL" : `'\\x${value.toString("hex")}'::bytea`);
const start = Date.UTC(2024, 0, 1, 8);
const time = (minutes) => `'${new Date(start + minutes * 60000).toISOString().replace("T", " ").replace("Z", "")}'`;
const lines = [];
const put = (table, row) =>
    lines.push(`INSERT INTO ${table} (${Object.keys(row).join(", ")}) VALUES (${Object.values(row).join(", ")});`);

const roles = Object.fromEntries(["super_admin", "admin", "moderator", "user", "nurse"].map((name) => [name, id()]));
for (const [name, role] of Object.entries(roles)) put("roles", { id: text(role), name: text(name), created_at: time(0) });
for (const [name, role] of [["messages.send", "nurse"], ["messages:read", "nurse"], ["fly", "nurse"], ["all", "super_admin"]]) {
    const permission = id();
    put("permissions", { id: text(permission), name: text(name) });
    put("role_permissions", { role_id: text(roles[role]), permission_id: text(permission) });
}

const rounds = settings.rounds ?? 1000;
function older(password, spelling, size = 64) {
    const salt = crypto.randomBytes(32).toString("hex");
    const hash = crypto.pbkdf2Sync(password, salt, rounds, size, "sha512");
    return { password_hash: text(hash.toString(spelling)), salt: text(salt), password_hash_type: text("pbkdf2") };
}
const users = {};
let minute = 1;
function user(name, row) {
    users[name] = id();
    put("users", {
        id: text(users[name]),
        username: text(name),
        role_id: text(roles.user),
        status: text("active"),
        created_at: time(minute),
        updated_at: time(minute++),
        ...older(`the password of ${name}`, "hex"),
        ...row,
    });
}
user("sam", { role_id: text(roles.super_admin), email: text("sam@clinic.example"), last_login: time(5) });
user("nina", { ...older("the password of nina", "base64"), role_id: text(roles.nurse), first_name: text("Nina") });
user("Nina", { email: text("SAM@clinic.example") });
user("mo\u202ehammed", {});
user("olaf", { status: text("inactive"), role_id: "NULL" });
user("pia", { status: text("pending"), two_factor_enabled: "TRUE", two_factor_secret: text("JBSWY3DPEHPK3PXP") });
user("rita", {
    password_hash: text("$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"),
    salt: text(""),
    password_hash_type: text("argon2id"),
});
user("tom", { password_hash: text("no hash at all"), email: text("not an address") });
user("uma", { ...older("the password of uma", "hex", 32), force_password_change: "TRUE" });

const ward = id(), office = id(), closed = id();
put("channels", { id: text(ward), name: text("Ward 3"), description: text("beds 1–12"), is_private: "TRUE", created_by: text(users.sam), created_at: time(20) });
put("channels", { id: text(office), name: text("Office"), created_by: text(users.nina), created_at: time(21), last_activity: time(90), metadata: text('{"floor": 2}') });
put("channels", { id: text(closed), name: text("Old\u0007 news"), archived: "TRUE", created_at: time(22) });
for (const [channel, name, role, read] of [
    [ward, "sam", "member", 100], [ward, "nina", "member", 1000], [ward, "olaf", "boss", null], [ward, "Nina", "admin", null],
    [office, "sam", "member", null], [office, "nina", "owner", null], [closed, "nina", "member", null],
]) {
    put("channel_members", {
        channel_id: text(channel), user_id: text(users[name]), role: text(role), joined_at: time(30),
        last_read_at: read === null ? "NULL" : time(read),
    });
}

function seal(words, order, spelling, size, separator) {
    const iv = crypto.randomBytes(size);
    const cipher = crypto.createCipheriv("aes-256-gcm", key, iv);
    const ciphertext = Buffer.concat([cipher.update(words, "utf8"), cipher.final()]);
    const parts = { iv, tag: cipher.getAuthTag(), ciphertext };
    const list = order.split("-").map((name) => parts[name]);
    if (spelling === "raw") return Buffer.concat(list);
    if (separator) return Buffer.from(list.map((part) => part.toString(spelling)).join(separator));
    return Buffer.from(Buffer.concat(list).toString(spelling));
}
const layouts = [];
for (const order of ["iv-tag-ciphertext", "iv-ciphertext-tag", "tag-iv-ciphertext", "ciphertext-iv-tag", "tag-ciphertext-iv", "ciphertext-tag-iv"]) {
    for (const size of [12, 16]) {
        for (const [spelling, separator] of [["raw", ""], ["hex", ""], ["hex", ":"], ["base64", ""], ["base64", "."]]) {
            layouts.push([order, spelling, size, separator]);
        }
    }
}
const said = { [ward]: [], [office]: [] };
const messages = [];
function message(channel, row, words) {
    const message = id();
    messages.push(message);
    said[channel]?.push(words);
    put("messages", { id: text(message), channel_id: text(channel), sender_id: text(users.nina), text: text(words ?? ""), timestamp: time(60 + messages.length), ...row });
    return message;
}
for (let n = 0; n < plain; n++) message(n % 3 ? ward : office, {}, `plain ${n} "quoted" it's`);
for (const [n, layout] of layouts.entries()) {
    const words = `sealed ${n}: kalium 6,1 – ärztlich`;
    message(ward, { text: text("[ENCRYPTED]"), encrypted_text: bytes(seal(words, ...layout)), contains_phi: n % 2 ? "TRUE" : "FALSE" }, words);
}
const flagged = message(ward, { flagged: "TRUE", flag_reason: text("about Mrs. Example"), flagged_by: text(users.sam), flagged_at: time(5000) }, "flagged");
const deleted = message(ward, { deleted: "TRUE", deleted_at: time(5001), deleted_by: text(users.sam) }, null);
const edited = message(ward, { edited_at: time(5002), metadata: text('{"kind": "note"}') }, "edited");
const orphan = message(ward, { sender_id: "NULL" }, "from nobody");
message(ward, { encrypted_text: bytes(seal("nul \0 inside", "iv-tag-ciphertext", "raw", 12)), text: text("") }, "nul \ufffd inside");
message(null, {}, "nowhere");
const early = message(office, { timestamp: "'infinity'" }, null);
said[office].pop();
said[office].unshift("");

const react = (message, name, reaction) =>
    put("message_reactions", { id: text(id()), message_id: text(message), user_id: text(users[name]), reaction: text(reaction), created_at: time(6000) });
react(flagged, "sam", "👍");
react(flagged, "sam", "👍");
react(flagged, "nina", "👍");
react(messages[0], "sam", "heart");

for (let n = 0; n < 40; n++) {
    put("audit_logs", {
        id: text(id()), user_id: n % 4 ? text(users.sam) : "NULL", action: text("message_sent"),
        details: text(JSON.stringify({ z: n, a: 1.5, nested: { b: [1, "two"] } })), ip_address: n % 2 ? text("192.168.1.7") : text("2001:db8::1/64"),
        user_agent: text("Mozilla/5.0"), timestamp: time(n),
    });
}
for (let n = 0; n < 3; n++) put("sessions", { id: text(id()), user_id: text(users.sam), token_hash: text("x"), expires_at: time(9e6) });
put("password_reset_requests", { id: text(id()), user_id: text(users.sam), token_hash: text("x"), expires_at: time(9e6) });

const jwt = [{ alg: "HS256", typ: "JWT" }, { userId: users.sam, username: "sam", exp: 4102444800 }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
const token = `${jwt}.${crypto.createHmac("sha256", "secret").update(jwt).digest("base64url")}`;
const known = { key: key.toString("hex"), users, roles, channels: { ward, office, closed }, said, flagged, deleted, edited, orphan, early, token, messages: messages.length };
console.log(`-- ${JSON.stringify(known)}`);
console.log(lines.join("\n"));
