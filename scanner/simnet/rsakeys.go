package simnet

import (
	"crypto/rsa"
	"math/big"
	"sync"
)

// The RSA keys of the world: fixed ones, as their generation is slow and not a function of a seed in the standard
// library. They protect nothing. Zones draw from them, so that many zones have the same key, as customers of one
// signing service may.

// rsaExponent is the public exponent of all keys.
const rsaExponent = 65537

// rsaPrimes are the two primes of each key, by the size of the modulus in bits.
var rsaPrimes = map[int][][2]string{
	1024: {
		{"e7cdee7e05b689068e1e874157505bacc6e30a13bf537f551b52d06558b4f77b8c9369a9d80fd537048d6a1d5bcccc60df4a3fdbd2300ea5e71a82ee1abd1ce5",
			"d19ab5caa867f1dbdd44ac8504502faa0ca00ff1410d97f993cad670e2ba8942b5312f8470b789d46b4ee9c29d0c9f7ffac207499def5904befc8f950eb25a83"},
		{"dd703177a356adc0768389a520cdeb2e0a872db985331cb43c2166b3baa97538839f90f957b45181218814f1b7961ed3ebf645f42f1f7bb22ec4a0ef71e2f5b5",
			"d01e0882beeac695297ffaa0ea17edb2d0e4375cc5dd5f4b4678695822176c48d64a7a2ee88a8c617356c250a43092bb2a2a90cfed26ae60f59112f05ab3cb5d"},
		{"d1e1ca133a800c731da370f565a76c880ab506faa10060cfd8f57d5fb259b6253c1be57741190113cd073c3174a984bdf0305b6d318ec494aef856527145c3c7",
			"e044a5b6cd23ab109c89f3ff890c63321af43bce6f1df4595b0d4d6fdf7362299f0016f54a4306667ac9a64a6386d788aeffd9799a69b18bef9153727e688de9"},
		{"c8c9a0d2b051d970eda1d839608ae883bcf4340877de780dfb0162c269b5f83a0a05e31d6808a88ceb5bdbe76a1add06066baced7a88ea5ab49e3f6228cdafab",
			"d08d74de19a514b55447e6d8db70aa937f6487e62e5b6cd8cf78cec75924ee72122c3e8a9c6059c891d26c9ef6dd321304d63b59ebced4997e686ebbd1c8136b"},
	},
	2048: {
		{"ec9c1c387e17e67a4dc4540945f63b933c00dcacd00937e220c3e290af57e659cf01cae0d10b2b26be975b8da7b4cb2d67a45b260a4f5d769dfeec84ed65f59f7bc36b98f24aaab1d804b2a2fde7423691c417e71bdeb01cf1a4c054926ec0f40aefa7f8fe20259efd66c8a76e3f5b23066cf121456051ed989a71e180b91713",
			"c02dae343e2bb29e2c003a4e3f76b82b5c8ece6bcf1215d10f0ffe38d9a8d5fa9d9e2be45870bbb9682d41208db69bd3fb964fb2f7f8d007653458e1243797b62c21724c3a2a1ef2baf0a0fa78eee122cae9ba801e319943378de09935e75cd035724d997e0a690608c15670082b28512e1ed9bf3f0aa0347317f4e13f223445"},
		{"c0e4e85deb8a05694ee180339c75d72e25123e1880fe01c02ab45323d31f754c1d8113868991b819e323ffe0721f2a91950249a739be493e44e6ddcdcc45f20250f9657d2b83008c3f013f548909bee768be4ec75e12f717840f3568483dcf22e4f25040d115f862d1490b0f6a222a6c7e2663efb215a33d91f76f2774dd7c53",
			"f1746efdd0ad3e375349deec5456a1de42256a4eac6995899019f202a27bc5c6e71ddffd002a09bbb1b37e984774e7b5ac5d9d1850f40391de66bfa8a965d26b96635457e830aea024dd76e0f46b10dca0845d165f8e436f5c88d3a5533839f64c64c9662318d03c883cfd9c8f92f9c0b82f90c1a787db1c6402cb474fb74e47"},
		{"f307f49f6664c6846d8d788c264a2882a83ab868d78263b449be5f24e46d365828753ac50303fa8422d09dbcb2b68b92c338edd7ee5060966ee473a05eab94098a1ff0fc6e1ed0babc47247227a563e84d75a86f84bc847f6fc811c1b0b14fe37535caacf80718545773cd4be37895b42a5bbd26120eff0b92580f6a410143f7",
			"c31426fe89366cf89fbd1b99d5e674511efbfde95c3f99566f529e1c11b2e8b8cfe672eab533931da02a226f19b06e426b5e6ab4152a48237e8fd7d499e755596101c2499ca813a52869246a8d1cedab4149663425818daf641e2012e8d7faa0a866f4f3a6fffb26619cc732237ac5659246de58851f6034901052779c1c7d7d"},
		{"fb66fc773bf584f381dbb77a370f3bf857af10b7a5bde61a616f8a011ed08db03288aff8b837c1efafa7c88d27f890c8a1fec096ceb0587500ef4d0991d3cad5d48a750906a639c3b2518c183b12b5466377ae323d8c3ea34671ae49177c77970f7684f709acf2513e40fed1e61a608688507ae545a833a9e35bcec198b832cb",
			"c3353091cff8bddce5f7047f73bc98088b0e2062c9b76381e7ca7a8dc1ee35f4ee299bcd020524e36debca34de75359064ba5fa828ddc1f6413255ce3f5c30adaef2ed42f4899b626f0830b53b3915a93fd7d2b601ff32bdc918b1539c99b53a9f363b0f05b735d9fcac216172f519463d263e73e36e673e890ae2d7db05110d"},
	},
}

// rsaPool returns the keys with a modulus of the given size.
func rsaPool(bits int) []*rsa.PrivateKey { return rsaPools()[bits] }

// rsaPools computes the keys from their primes, once.
var rsaPools = sync.OnceValue(func() map[int][]*rsa.PrivateKey {
	pools := map[int][]*rsa.PrivateKey{}
	for bits, primes := range rsaPrimes {
		for _, pair := range primes {
			pools[bits] = append(pools[bits], rsaKey(hexInt(pair[0]), hexInt(pair[1])))
		}
	}
	return pools
})

func rsaKey(p, q *big.Int) *rsa.PrivateKey {
	one := big.NewInt(1)
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	k := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: rsaExponent},
		D:         new(big.Int).ModInverse(big.NewInt(rsaExponent), phi),
		Primes:    []*big.Int{p, q},
	}
	k.Precompute()
	if err := k.Validate(); err != nil {
		panic("internal error: " + err.Error())
	}
	return k
}

func hexInt(text string) *big.Int {
	n, ok := new(big.Int).SetString(text, 16)
	if !ok {
		panic("internal error: no hexadecimal number " + text)
	}
	return n
}
