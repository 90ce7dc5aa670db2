// HMAC-SHA-256 (RFC 2104) over a buffer that stays: the key is set up once, and a call neither allocates nor looks at
// its arguments more than once. The hash is OpenSSL's, the one that Node.js has in it.
#define OPENSSL_SUPPRESS_DEPRECATED  // EVP allocates for each digest; these functions are the same code without that
#include <napi.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <cstdint>
#include <cstring>

namespace {

constexpr size_t kBlock = SHA256_CBLOCK;
constexpr size_t kDigest = SHA256_DIGEST_LENGTH;

// `new Hmac(key, input, output)`: key of at most one block; `output` has room for one digest.
class Hmac : public Napi::ObjectWrap<Hmac> {
 public:
  static Napi::Function Define(Napi::Env env) {
    return DefineClass(env, "Hmac", {InstanceMethod<&Hmac::Compute>("compute")});
  }

  explicit Hmac(const Napi::CallbackInfo& info) : Napi::ObjectWrap<Hmac>(info) {
    Napi::Env env = info.Env();
    if (info.Length() != 3 || !info[0].IsTypedArray() || !info[1].IsTypedArray() || !info[2].IsTypedArray())
      throw Napi::TypeError::New(env, "Hmac(key, input, output): three Uint8Arrays");
    const auto key = info[0].As<Napi::Uint8Array>();
    const auto input = info[1].As<Napi::Uint8Array>();
    auto output = info[2].As<Napi::Uint8Array>();
    if (key.ByteLength() > kBlock) throw Napi::RangeError::New(env, "Hmac: a key of at most 64 octets");
    if (output.ByteLength() < kDigest) throw Napi::RangeError::New(env, "Hmac: output of at least 32 octets");
    uint8_t pad[kBlock];
    Pad(pad, key, 0x36);
    SHA256_Init(&inner_);
    SHA256_Update(&inner_, pad, kBlock);
    Pad(pad, key, 0x5c);
    SHA256_Init(&outer_);
    SHA256_Update(&outer_, pad, kBlock);
    OPENSSL_cleanse(pad, sizeof pad);
    // Held, so that neither is collected while this is there: their memory does not move.
    input_ = Napi::Persistent(input);
    output_ = Napi::Persistent(output);
    from_ = input.Data();
    size_ = input.ByteLength();
    to_ = output.Data();
  }

  ~Hmac() override {
    OPENSSL_cleanse(&inner_, sizeof inner_);
    OPENSSL_cleanse(&outer_, sizeof outer_);
  }

 private:
  static void Pad(uint8_t* pad, const Napi::Uint8Array& key, uint8_t with) {
    std::memset(pad, with, kBlock);
    for (size_t i = 0; i < key.ByteLength(); i++) pad[i] ^= key[i];
  }

  // `compute(length)`: the HMAC of the first `length` octets of `input` to `output`.
  void Compute(const Napi::CallbackInfo& info) {
    const uint32_t length = info[0].As<Napi::Number>().Uint32Value();
    if (length > size_) throw Napi::RangeError::New(info.Env(), "Hmac.compute: longer than its input");
    uint8_t digest[kDigest];
    SHA256_CTX context = inner_;
    SHA256_Update(&context, from_, length);
    SHA256_Final(digest, &context);
    context = outer_;
    SHA256_Update(&context, digest, kDigest);
    SHA256_Final(to_, &context);
  }

  SHA256_CTX inner_;
  SHA256_CTX outer_;
  Napi::Reference<Napi::Uint8Array> input_;
  Napi::Reference<Napi::Uint8Array> output_;
  const uint8_t* from_;
  size_t size_;
  uint8_t* to_;
};

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  exports.Set("Hmac", Hmac::Define(env));
  return exports;
}

}  // namespace

NODE_API_MODULE(hmac, Init)
