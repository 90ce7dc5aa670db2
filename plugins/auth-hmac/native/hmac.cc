// HMAC-SHA-256 (RFC 2104) over buffers that stay: a key is set up once, and a call neither allocates nor looks at its
// arguments more than once. The hash is OpenSSL's, the one that Node.js has in it.
#define OPENSSL_SUPPRESS_DEPRECATED  // EVP allocates for each digest; these functions are the same code without that
#include <napi.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <cstdint>
#include <cstring>
#include <deque>

namespace {

constexpr size_t kBlock = SHA256_CBLOCK;
constexpr size_t kDigest = SHA256_DIGEST_LENGTH;

// A key: SHA-256 behind its inner and its outer pad.
struct Key {
  SHA256_CTX inner;
  SHA256_CTX outer;

  ~Key() { OPENSSL_cleanse(this, sizeof *this); }
};

// The data of all functions of one environment. No object is wrapped: unwrapping it would cost as much as a block of the
// hash, at each call.
struct Keys {
  std::deque<Key> all;  // which stay where they are
  // Held, so that neither is collected while this is there: their memory does not move.
  Napi::Reference<Napi::Uint8Array> input;
  Napi::Reference<Napi::Uint8Array> output;
  const uint8_t* from = nullptr;
  size_t size = 0;
  uint8_t* to = nullptr;
};

void Begin(SHA256_CTX* context, const Napi::Uint8Array& key, uint8_t with) {
  uint8_t pad[kBlock];
  std::memset(pad, with, kBlock);
  for (size_t i = 0; i < key.ByteLength(); i++) pad[i] ^= key[i];
  SHA256_Init(context);
  SHA256_Update(context, pad, kBlock);
  OPENSSL_cleanse(pad, sizeof pad);
}

// `setBuffers(input, output)`: what `compute` reads and writes; `output` has room for one digest.
void SetBuffers(const Napi::CallbackInfo& info) {
  auto* keys = static_cast<Keys*>(info.Data());
  if (!info[0].IsTypedArray() || !info[1].IsTypedArray())
    throw Napi::TypeError::New(info.Env(), "setBuffers(input, output): two Uint8Arrays");
  auto input = info[0].As<Napi::Uint8Array>();
  auto output = info[1].As<Napi::Uint8Array>();
  if (output.ByteLength() < kDigest) throw Napi::RangeError::New(info.Env(), "setBuffers: output of at least 32 octets");
  keys->input = Napi::Persistent(input);
  keys->output = Napi::Persistent(output);
  keys->from = input.Data();
  keys->size = input.ByteLength();
  keys->to = output.Data();
}

// `addKey(key)`: a key of at most one block; returns the number that `compute` knows it by.
Napi::Value AddKey(const Napi::CallbackInfo& info) {
  auto* keys = static_cast<Keys*>(info.Data());
  if (!info[0].IsTypedArray()) throw Napi::TypeError::New(info.Env(), "addKey(key): a Uint8Array");
  const auto octets = info[0].As<Napi::Uint8Array>();
  if (octets.ByteLength() > kBlock) throw Napi::RangeError::New(info.Env(), "addKey: a key of at most 64 octets");
  Key& key = keys->all.emplace_back();
  Begin(&key.inner, octets, 0x36);
  Begin(&key.outer, octets, 0x5c);
  return Napi::Number::New(info.Env(), static_cast<double>(keys->all.size() - 1));
}

// `compute(key, length)`: the HMAC of the first `length` octets of the input to the output.
void Compute(const Napi::CallbackInfo& info) {
  const auto* keys = static_cast<const Keys*>(info.Data());
  const uint32_t number = info[0].As<Napi::Number>().Uint32Value();
  const uint32_t length = info[1].As<Napi::Number>().Uint32Value();
  if (number >= keys->all.size()) throw Napi::RangeError::New(info.Env(), "compute: no such key");
  if (length > keys->size) throw Napi::RangeError::New(info.Env(), "compute: longer than its input");
  const Key& key = keys->all[number];
  uint8_t digest[kDigest];
  SHA256_CTX context = key.inner;
  SHA256_Update(&context, keys->from, length);
  SHA256_Final(digest, &context);
  context = key.outer;
  SHA256_Update(&context, digest, kDigest);
  SHA256_Final(keys->to, &context);
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  auto* keys = new Keys;
  env.SetInstanceData(keys);  // deleted with the environment
  exports.Set("setBuffers", Napi::Function::New<SetBuffers>(env, "setBuffers", keys));
  exports.Set("addKey", Napi::Function::New<AddKey>(env, "addKey", keys));
  exports.Set("compute", Napi::Function::New<Compute>(env, "compute", keys));
  return exports;
}

}  // namespace

NODE_API_MODULE(hmac, Init)
