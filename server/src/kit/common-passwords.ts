/** Passwords of eight characters and more that stand near the top of every published list of leaked ones; refused. */
export const commonPasswords: ReadonlySet<string> = new Set(
  `password password1 password12 password123 passw0rd p@ssw0rd p@ssword 12345678 123456789 1234567890 12345678910 87654321 987654321
0987654321 11111111 111111111 1111111111 00000000 88888888 66666666 12341234 11223344 12344321 123123123 147258369 123654789 741852963
qwertyui qwertyuiop qwerty12 qwerty123 qwerty1234 qwerty12345 1qaz2wsx 1q2w3e4r 1q2w3e4r5t q1w2e3r4 qazwsxedc zaq12wsx asdfghjk asdfghjkl
asdfasdf zxcvbnm1 zxcvbnm123 abcd1234 abc12345 abcdefgh abcdefg1 a1b2c3d4 aa123456 a1234567 a12345678 iloveyou iloveyou1 sunshine
princess football baseball basketball superman batman123 starwars whatever trustno1 letmein1 welcome1 welcome123 admin123 admin1234
administrator changeme changeme1 default1 secret123 monkey123 dragon123 master123 shadow123 michael1 jennifer computer internet
corvette mercedes maverick midnight samantha charlie1 jordan23 liverpool chocolate butterfly lovely123 ashley123 login123 test1234
testtest testing1 temp1234 pass1234 passpass access14 hello123 helloworld google123 facebook facebook1 linkedin underpin`.split(/\s+/),
);
